// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, cleanup, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { MemoryRouter, Route, Routes } from "react-router";
import { afterEach, expect, test, vi } from "vitest";
import type { components } from "../../api/types.gen";
import { RefreshProvider } from "../../route/time";
import { SendPage } from "./send-page";

type Answer = components["schemas"]["ArrivalAnswer"];
type Found = components["schemas"]["Arrived"];

const EMPTY: Answer = {
  endpoints: { grpcPort: 4317, httpPort: 4318, tls: false, loopbackOnly: true },
  keysRequired: false,
  connections: 0,
  acceptedSpans: 0,
  storedSpans: 0,
  traces: [],
  misdated: [],
  refusals: [],
  demo: { available: true, running: false, endsInSeconds: null },
};
const OWN: Found = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  serviceName: "checkout",
  name: "GET /cart",
  startTimeUnixNano: "1",
  spanCount: 3,
  source: "own",
};
const ARRIVED = { ...EMPTY, connections: 1, acceptedSpans: 3, storedSpans: 3, traces: [OWN] };

afterEach(() => {
  cleanup();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** The page before a server whose answers are given by path; they can change meanwhile. */
function open(answers: Record<string, unknown>): { asked: Request[]; look: () => Promise<void> } {
  const asked: Request[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    asked.push(request);
    return Response.json(answers[new URL(request.url).pathname]);
  });
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  render(
    <QueryClientProvider client={queries}>
      <MemoryRouter initialEntries={["/send"]}>
        <RefreshProvider>
          <Routes>
            <Route path="/send" element={<SendPage />} />
            <Route path="/traces/:id" element={<h1>The trace itself</h1>} />
          </Routes>
        </RefreshProvider>
      </MemoryRouter>
    </QueryClientProvider>,
  );
  return { asked, look: () => act(() => queries.refetchQueries()) };
}

async function waits(text: string): Promise<void> {
  await waitFor(() => expect(screen.getByText(text)).toBeTruthy());
}

test("the first trace of one's own opens by itself where nobody is at work", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const answers = { "/api/v1/arrival": EMPTY };
  const { look } = open(answers);
  await waits("Waiting for the first spans");
  answers["/api/v1/arrival"] = ARRIVED;
  await look();
  await waits("Your first trace is here");
  await act(() => vi.advanceTimersByTimeAsync(3000));
  await waits("The trace itself");
});

test("who is typing stays where they are, with a link to the trace", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  const user = userEvent.setup({ advanceTimers: vi.advanceTimersByTime });
  const answers = { "/api/v1/arrival": EMPTY };
  const { look } = open(answers);
  await waits("Waiting for the first spans");
  const field = screen.getByRole("textbox", { name: "Service name" });
  await user.type(field, "-2");
  answers["/api/v1/arrival"] = ARRIVED;
  await look();
  await waits("Your first trace is here");
  await act(() => vi.advanceTimersByTimeAsync(10_000));
  expect(document.activeElement).toBe(field);
  const link = screen.getByRole("link", { name: "Open this trace" });
  expect(link.getAttribute("href")).toBe(`/traces/${OWN.traceId}`);
});

test("who comes back to a Clew with traces is not sent away", async () => {
  vi.useFakeTimers({ shouldAdvanceTime: true });
  open({ "/api/v1/arrival": ARRIVED });
  await waits("Your traces are arriving");
  await act(() => vi.advanceTimersByTimeAsync(10_000));
  expect(screen.queryByText("The trace itself")).toBeNull();
});

test("who sends with a wrong clock is told so, and where the spans are", async () => {
  const aheadNs = BigInt(Date.now() + 3 * 3_600_000 + 5000) * 1_000_000n;
  const cart = {
    serviceName: "cart",
    spans: 42,
    firstStartTimeUnixNano: String(aheadNs - 60_000_000_000n),
    lastStartTimeUnixNano: String(aheadNs),
  };
  open({ "/api/v1/arrival": { ...EMPTY, storedSpans: 42, misdated: [cart] } });
  await waits("Spans arrive, but their time is another");
  const note = screen.getByRole("region", { name: "Of another time" });
  expect(note.textContent).toContain("42 spans of cart arrived");
  expect(note.textContent).toMatch(/in 3 h/);
  const href = screen.getByRole("link", { name: "Show them" }).getAttribute("href") ?? "";
  const range = new URL(href, "http://clew").searchParams;
  expect(BigInt(range.get("start") ?? 0) <= aheadNs - 60_000_000_000n).toBe(true);
  expect(BigInt(range.get("end") ?? 0) > aheadNs).toBe(true);
});

test("who was turned away is told why, what to do, and the evidence", async () => {
  const refusal = {
    reason: "wrong_path",
    status: 404,
    protocol: "http1",
    address: "10.0.0.7",
    port: 4318,
    userAgent: "<img src=x>",
    keyPrefix: "",
    headers: [],
    detail: "/",
    count: 2,
    first: "1",
    last: String(BigInt(Date.now()) * 1_000_000n),
    sentence: "POST to /v1/traces.",
  };
  open({ "/api/v1/arrival": { ...EMPTY, connections: 1, refusals: [refusal] } });
  await waits("Somebody was turned away");
  const said = screen.getByRole("region", { name: "Turned away" }).textContent;
  expect(said).toContain("POST to /v1/traces.");
  expect(said).toMatch(/2 times.*from 10\.0\.0\.7 by <img src=x>/);
});

test("a test trace is found, with a link", async () => {
  const answers = {
    "/api/v1/arrival": EMPTY,
    "/api/v1/arrival/test-trace": { traceId: OWN.traceId },
  };
  const { asked, look } = open(answers);
  await waits("Waiting for the first spans");
  await userEvent.click(screen.getByRole("button", { name: "Send a test trace" }));
  await waits("Acknowledged: it is on disk. A search finds it in a moment.");
  expect(asked.find((one) => one.method === "POST")?.headers.get("content-type")).toBe(
    "application/json",
  );
  answers["/api/v1/arrival"] = { ...ARRIVED, traces: [{ ...OWN, source: "test" }] };
  await look();
  const link = await screen.findByRole("link", { name: "open the test trace" });
  expect(link.getAttribute("href")).toBe(`/traces/${OWN.traceId}`);
});

test("where keys are asked for, one is made on the spot and opens the way for the rest", async () => {
  const { asked } = open({
    "/api/v1/arrival": { ...EMPTY, keysRequired: true },
    "/api/v1/keys": { key: "clew_abc" },
    "/api/v1/arrival/test-trace": { traceId: OWN.traceId },
  });
  const send = await screen.findByRole("button", { name: "Send a test trace" });
  expect((send as HTMLButtonElement).disabled).toBe(true);
  await userEvent.click(screen.getByRole("button", { name: "Create a key for sending" }));
  await screen.findByRole("button", { name: "Create another key" });
  expect(screen.getAllByText(/clew_abc/).length).toBeGreaterThan(1);
  await userEvent.click(send);
  await waits("Acknowledged: it is on disk. A search finds it in a moment.");
  const sent = asked.filter((one) => one.method === "POST");
  expect(await sent[0]?.json()).toMatchObject({ scopes: ["ingest"] });
  expect(await sent[1]?.json()).toEqual({ key: "clew_abc" });
});
