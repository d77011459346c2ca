// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { BrowserRouter } from "react-router";
import { afterEach, expect, test, vi } from "vitest";
import { RefreshProvider } from "../../../route/time";
import { TooltipProvider } from "../../../shared/ui/tooltip";
import type { Region } from "../region";
import { Differs } from "./differs";

const NOON = 1_795_348_800_000_000_000n;
const RANGE = { startNs: NOON, endNs: NOON + 3_600_000_000_000n };

const version = {
  scope: "resource",
  key: "service.version",
  type: "string",
  value: "2",
  selectionCount: 9,
  selectionShare: 0.9,
  baselineCount: 5,
  baselineShare: 0.05,
  score: 0.6,
  sameSpans: [{ scope: "span", key: "<img src=x onerror=alert(1)>", type: "other", value: "[1]" }],
};
const answer = {
  differences: [
    version,
    { ...version, scope: "span", key: "retry", type: "int", value: "3", sameSpans: [] },
  ],
  outcomes: [{ ...version, scope: "span", key: "error.type", value: "Timeout", sameSpans: [] }],
  selection: { query: "{ status = error }", matchedSpans: 10, sampledSpans: 10 },
  baseline: { query: "{ }", matchedSpans: 5000, sampledSpans: 100 },
  timeShare: 1,
  covered: { startTimeUnixNano: "0", endTimeUnixNano: "1", limitedBy: null, sampledSpans: 110 },
};

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

/** What the API is asked, newest last. */
function show(body: unknown, status = 200, region: Region | null = null) {
  const asked: URL[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    asked.push(new URL(request.url));
    return new Response(JSON.stringify(body), {
      status,
      headers: { "content-type": "application/json" },
    });
  });
  const onFilter = vi.fn();
  const onClose = vi.fn();
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={queries}>
      <BrowserRouter>
        <RefreshProvider>
          <TooltipProvider>
            <Differs
              query="{ kind = server }"
              range={RANGE}
              region={region}
              onFilter={onFilter}
              onClose={onClose}
            />
          </TooltipProvider>
        </RefreshProvider>
      </BrowserRouter>
    </QueryClientProvider>,
  );
  return { asked, onFilter, onClose };
}

test("values stand in order, with both shares, and how spans ended apart", async () => {
  show(answer);
  const list = await screen.findByRole("list", { name: /by how much more frequent/ });
  const [first, second] = within(list).getAllByRole("listitem");
  expect(first?.textContent).toContain("resource.service.version 2");
  expect(first?.textContent).toContain("90 %9 of 10");
  expect(first?.textContent).toContain("5 %5 of 100");
  expect(first?.textContent).toContain("1 other value on exactly these spans");
  expect(second).toBeTruthy();
  const ended = screen.getByRole("list", { name: "How they ended" });
  expect(ended.textContent).toContain("span.error.type Timeout");
  expect(screen.getByText(/the others: 100 of 5,000 spans/)).toBeTruthy();
  expect(screen.getByText(/From a sample/)).toBeTruthy();
  expect(document.querySelector("img")).toBeNull();
});

test("one click filters or leaves out; what no query can say has no button", async () => {
  const user = userEvent.setup();
  const { onFilter } = show(answer);
  await user.click(
    await screen.findByRole("button", { name: 'Only resource.service.version = "2"' }),
  );
  expect(onFilter).toHaveBeenLastCalledWith('resource.service.version = "2"', false);
  await user.click(screen.getByRole("button", { name: "Without span.retry = 3" }));
  expect(onFilter).toHaveBeenLastCalledWith("span.retry = 3", true);
  expect(screen.queryByRole("button", { name: /onerror/ })).toBeNull();
});

test("without a region errors are compared with the rest", async () => {
  const { asked } = show(answer);
  await screen.findByText("errors against the rest");
  const params = asked[0]?.searchParams;
  expect(params?.get("q")).toBe("{ kind = server }");
  expect(params?.get("select")).toBe("{ status = error }");
  expect(params?.get("selectStart")).toBeNull();
});

test("a region is asked for with its times, the last moment within it", async () => {
  const { asked } = show(answer, 200, {
    startNs: NOON + 1_000n,
    endNs: NOON + 2_000n,
    minNs: 5,
    maxNs: 9,
  });
  await screen.findByRole("list", { name: /more frequent/ });
  const params = asked[0]?.searchParams;
  expect(params?.get("select")).toBe("{ duration >= 5ns && duration < 9ns }");
  expect(params?.get("selectStart")).toBe(String(NOON + 1_000n));
  expect(params?.get("selectEnd")).toBe(String(NOON + 1_999n));
});

test("what cannot be compared is said in the server's words", async () => {
  show({ error: { code: "needs_trace", message: "It needs traces.", hint: "Leave out &&." } }, 400);
  expect((await screen.findByRole("alert")).textContent).toContain("Leave out &&.");
});

test("a selection of everything has nothing to be compared with", async () => {
  const none = { query: "{ }", matchedSpans: 0, sampledSpans: 0 };
  show({ ...answer, differences: [], outcomes: [], baseline: none });
  expect(await screen.findByText("There is nothing to compare with")).toBeTruthy();
});
