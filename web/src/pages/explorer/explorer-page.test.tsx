// @vitest-environment happy-dom
import { cleanup, render, screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { BrowserRouter } from "react-router";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ApiProvider } from "../../api/provider";
import { RefreshProvider } from "../../route/time";
import { listenForShortcuts } from "../../shared/shortcuts";
import { ExplorerPage } from "./explorer-page";

// The charts draw on a canvas, which this document has not; they have tests of their own.
vi.mock("./overview", () => ({ Overview: () => null }));
vi.mock("./bar/editor", () => ({ Editor: () => null }));

const START = 1_795_348_800_000_000_000n;

function trace(place: number) {
  return {
    traceId: place.toString(16).padStart(32, "0"),
    rootServiceName: "checkout",
    rootName: `order ${place}`,
    startTimeUnixNano: String(START - BigInt(place)),
    durationNanos: String(1_000_000 * (place % 7) + 1),
    spanCount: 3,
    errorCount: place === 0 ? 2 : 0,
    orphanCount: place === 0 ? 1 : 0,
    services: [{ name: "checkout", spanCount: 3, errorCount: 0 }],
    setCount: 1,
    spanSets: [{ matched: 3, by: [], spans: [] }],
  };
}

interface World {
  traces: number;
  limitedBy: "limit" | "time" | null;
  stored: number;
  /** A search through all times stops before its end. */
  farIsCut?: boolean;
}

/** What the API answers; questions are kept in `asked`. */
function answers(world: World, asked: URL[]) {
  return async (request: Request) => {
    const url = new URL(request.url);
    asked.push(url);
    const covered = {
      startTimeUnixNano: String(START - 60_000_000_000n),
      endTimeUnixNano: String(START),
      limitedBy: world.limitedBy,
      sampledSpans: null,
    };
    const q = url.searchParams.get("q") ?? "";
    if (url.pathname.endsWith("/search")) {
      if (q.includes("parsecs")) {
        const error = {
          code: "invalid_query",
          message: "No such unit.",
          hint: "Write ms.",
          position: 2,
        };
        return Response.json({ error }, { status: 400 });
      }
      const count = q.includes("nobody") ? 0 : world.traces;
      const isFar = BigInt(url.searchParams.get("start") ?? 9) < 9n;
      const isCut = world.limitedBy !== null || (isFar && world.farIsCut === true);
      const nextCursor = isCut ? "next" : null;
      const traces = Array.from({ length: count }, (_, place) => trace(place));
      return Response.json({ traces, nextCursor, covered });
    }
    if (url.pathname.endsWith("/values")) {
      const values = url.pathname.includes("service.name")
        ? [
            { value: "checkout", type: "string", spanCount: 5 },
            { value: 'say "hi"', type: "string", spanCount: 2 },
          ]
        : [];
      return Response.json({ values, complete: true, covered });
    }
    if (url.pathname.endsWith("/attributes")) {
      return Response.json({ attributes: [], complete: true, covered });
    }
    return Response.json({ store: { spanCount: world.stored } });
  };
}

function show(search: string, world: Partial<World> = {}): URL[] {
  const asked: URL[] = [];
  window.history.replaceState(null, "", `/traces${search}`);
  const all = { traces: 3, limitedBy: null, stored: 9, ...world };
  vi.stubGlobal("fetch", answers(all, asked));
  render(
    <ApiProvider>
      <BrowserRouter>
        <RefreshProvider>
          <ExplorerPage />
        </RefreshProvider>
      </BrowserRouter>
    </ApiProvider>,
  );
  return asked;
}

function query(): string | null {
  return new URLSearchParams(window.location.search).get("q");
}

beforeEach(() => {
  localStorage.clear();
  vi.stubGlobal("matchMedia", () => Object.assign(new EventTarget(), { matches: false }));
  // Rows are drawn as far as they are in sight; without a layout nothing would be.
  vi.spyOn(HTMLElement.prototype, "clientHeight", "get").mockReturnValue(600);
  vi.spyOn(HTMLElement.prototype, "clientWidth", "get").mockReturnValue(900);
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

test("filters write the query: one value, another or it, and without", async () => {
  const user = userEvent.setup();
  show("?q=%7B+kind+%3D+server+%7D");
  await user.click(await screen.findByRole("checkbox", { name: "checkout" }));
  expect(query()).toBe('{ kind = server && resource.service.name = "checkout" }');
  await user.click(await screen.findByRole("checkbox", { name: 'say "hi"' }));
  expect(query()).toBe(
    '{ kind = server && (resource.service.name = "checkout" || resource.service.name = "say \\"hi\\"") }',
  );
  await user.click(screen.getByRole("button", { name: "Forget the filter on Service" }));
  expect(query()).toBe("{ kind = server }");
  await user.click(screen.getByRole("button", { name: "Leave out checkout" }));
  expect(query()).toBe('{ kind = server && resource.service.name != "checkout" }');
});

test("rows are links to their traces, with their marks, and j and k move among them", async () => {
  const stop = listenForShortcuts();
  const user = userEvent.setup();
  show("");
  const table = await screen.findByRole("table", { name: "Traces" });
  const first = await within(table).findByRole("link", { name: "Trace checkout order 0" });
  expect(first.getAttribute("href")).toBe(`/traces/${"0".repeat(32)}`);
  expect(within(table).getByText("2 errors")).toBeTruthy();
  expect(within(table).getByText("1 span has a parent that is not stored")).toBeTruthy();
  await user.keyboard("jj");
  await waitFor(() =>
    expect(document.activeElement?.getAttribute("aria-label")).toContain("order 1"),
  );
  await user.keyboard("k");
  await waitFor(() => expect(document.activeElement).toBe(first));
  stop();
});

test("a mistake is told below the query, in the server's words", async () => {
  show("?q=duration+%3E+5parsecs");
  expect(await screen.findByText(/No such unit\./)).toBeTruthy();
  expect(screen.getByText("Write ms.")).toBeTruthy();
  expect(screen.getByText("The query cannot be asked")).toBeTruthy();
});

test("what was not looked at is said, and looking goes on when asked to", async () => {
  const user = userEvent.setup();
  const asked = show("", { limitedBy: "time" });
  expect(await screen.findByText(/the time for one search was over/)).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Look further back" }));
  await waitFor(() =>
    expect(asked.some((url) => url.searchParams.get("cursor") === "next")).toBe(true),
  );
});

test("another order is said to be one of what is loaded, and loads nothing by itself", async () => {
  const asked = show("?sort=-duration", { limitedBy: "limit" });
  expect(await screen.findByText("Sorted among the 3 loaded.")).toBeTruthy();
  expect(asked.filter((url) => url.searchParams.has("cursor"))).toEqual([]);
});

test("where nothing matches, the condition that leaves all out can be dropped", async () => {
  const user = userEvent.setup();
  show("?q=%7B+kind+%3D+server+%26%26+name+%3D+%22nobody%22+%7D");
  await screen.findByText("Nothing matches");
  await user.click(await screen.findByRole("button", { name: "Drop it" }));
  expect(query()).toBe("{ kind = server }");
});

test("without any span the page is the one to send data", async () => {
  show("", { traces: 0, stored: 0 });
  await waitFor(() => expect(window.location.pathname).toBe("/send"));
});

test("going back shows the query that was gone back to", async () => {
  const user = userEvent.setup();
  show("");
  const box = await screen.findByRole("checkbox", { name: /checkout/ });
  await user.click(box);
  await waitFor(() => expect(query()).toContain("checkout"));
  await waitFor(() => expect((box as HTMLInputElement).checked).toBe(true));
  window.history.back();
  await waitFor(() => expect(query()).toBeNull());
  await waitFor(() =>
    expect(screen.getByRole<HTMLInputElement>("checkbox", { name: /checkout/ }).checked).toBe(
      false,
    ),
  );
});

test("a query that is written later asks up to then, not up to when the page was opened", async () => {
  const user = userEvent.setup();
  const asked = show("");
  const ends = () =>
    asked
      .filter(({ pathname }) => pathname.endsWith("/search"))
      .map(({ searchParams }) => BigInt(searchParams.get("end") ?? 0));
  await waitFor(() => expect(ends().length).toBeGreaterThan(0));
  const [opened = 0n] = ends();
  vi.spyOn(Date, "now").mockReturnValue(Number(opened / 1_000_000n) + 600_000);
  await user.click(await screen.findByRole("checkbox", { name: /checkout/ }));
  await waitFor(() => expect(ends().at(-1)).toBeGreaterThanOrEqual(opened + 600_000_000_000n));
});

test("a selection of another time is forgotten", async () => {
  show(`?region=${START}-${START + 1_000_000_000n}&last=5m`);
  await waitFor(() => expect(window.location.search).not.toContain("region"));
});

test("of what could not be looked at all, nothing is said to be nowhere", async () => {
  show(`?q=${encodeURIComponent('{ name = "nobody" }')}`, { farIsCut: true });
  expect(await screen.findByText(/stopped before it had looked/)).toBeTruthy();
  expect(screen.queryByText(/No span of any time/)).toBeNull();
});
