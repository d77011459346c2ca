/** How long large traces take in the real browser; `make bench-ui` reads the file of figures. */

import { writeFileSync } from "node:fs";
import type { CDPSession, Page } from "@playwright/test";
import { large, NEEDLE } from "./harness/large";
import { store } from "./harness/otlp";
import { expect, test } from "./harness/test";

const SIZES = [1000, 10_000, 100_000] as const;
const SCROLLED_S = 4;
/** Pixels a second: a quick hand on the wheel, and one that shows other rows in each frame. */
const SPEEDS = { quick: 6000, flung: 36_000 } as const;
/** The first visit warms the server; the middle of these is what counts. */
const VISITS = 5;

declare global {
  interface Window {
    /** When the first rows were on the screen. */
    rowsPaintedAt?: number;
  }
}

test("traces of growing size", async ({ page, clew }) => {
  test.setTimeout(900_000);
  await page.addInitScript(noteFirstRows);
  const figures: Record<string, Record<string, number>> = {};
  for (const size of SIZES) {
    const trace = large(size);
    await store(clew, [trace]);
    const opened = [];
    for (let visit = 0; visit < VISITS; visit++) {
      await page.goto(`/traces/${trace.id}`);
      opened.push(await openedAfter(page));
    }
    const [paint, open] = [
      middle(opened.map((one) => one.paint)),
      middle(opened.map((o) => o.open)),
    ];
    const session = await page.context().newCDPSession(page);
    const quick = await workPerFrame(page, session, SPEEDS.quick);
    const flung = await workPerFrame(page, session, SPEEDS.flung);
    const byName = await searchTook(page, "step 7", /of|\d/);
    const byValue = await searchTook(page, NEEDLE, /^1$|^1 of 1$/);
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize, backingStorageSize } = await session.send("Runtime.getHeapUsage");
    await session.detach();
    figures[size] = {
      open_ms: open,
      paint_ms: paint,
      scroll_p95_ms: quantile(quick.script, 0.95),
      scroll_frame_p95_ms: quantile(quick.all, 0.95),
      flung_p95_ms: quantile(flung.script, 0.95),
      flung_frame_p95_ms: quantile(flung.all, 0.95),
      search_name_ms: byName,
      search_value_ms: byValue,
      // Arrays of numbers are no objects of the heap.
      heap_mib: (usedSize + backingStorageSize) / 2 ** 20,
    };
  }
  const text = JSON.stringify(figures, (_, value) => rounded(value), 1);
  writeFileSync(process.env.CLEW_MEASURED ?? "test-results/measured.json", `${text}\n`);
});

/** Runs in the page: two tasks after the rows are there, they have been painted. */
function noteFirstRows(): void {
  const observer = new MutationObserver(() => {
    if (document.querySelector('[role="treeitem"]') === null) return;
    observer.disconnect();
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        window.rowsPaintedAt = performance.now();
      };
      port2.postMessage(null);
    });
  });
  observer.observe(document, { childList: true, subtree: true });
}

/** Milliseconds from the skeleton's last byte, and from the start, until rows are painted. */
async function openedAfter(page: Page): Promise<{ paint: number; open: number }> {
  await page.waitForFunction(() => window.rowsPaintedAt !== undefined, null, { timeout: 120_000 });
  return page.evaluate(() => {
    const entries = performance.getEntriesByType("resource") as PerformanceResourceTiming[];
    const received = entries.find(({ name }) => name.includes("/skeleton"))?.responseEnd ?? 0;
    const painted = window.rowsPaintedAt ?? 0;
    return { paint: painted - received, open: painted };
  });
}

interface TraceEvent {
  name: string;
  ph: string;
  tid: number;
  ts: number;
  dur: number;
  args: { data?: { type?: string } };
}

const SCRIPT = new Set([
  ...["FunctionCall", "EventDispatch", "FireAnimationFrame"],
  ...["TimerFire", "RunMicrotasks", "EvaluateScript"],
]);
const LAYOUT = new Set(["Layout", "UpdateLayoutTree"]);

interface FrameWork {
  /** Script alone, as the browser's own profiler counts it: without layout and styles. */
  script: number[];
  /** All that the page's thread did. */
  all: number[];
}

/** Milliseconds of work in each frame while a wheel scrolls the waterfall, by the browser's trace. */
async function workPerFrame(page: Page, session: CDPSession, speed: number): Promise<FrameWork> {
  const events: TraceEvent[] = [];
  const collect = ({ value }: { value: object[] }) => events.push(...(value as TraceEvent[]));
  session.on("Tracing.dataCollected", collect);
  const done = new Promise<void>((resolve) =>
    session.once("Tracing.tracingComplete", () => resolve()),
  );
  const tree = page.getByRole("tree");
  const box = await tree.boundingBox();
  const room = await tree.evaluate((one) => one.scrollHeight - one.clientHeight);
  if (box === null) throw new Error("no waterfall is on the page");
  await session.send("Tracing.start", {
    transferMode: "ReportEvents",
    traceConfig: {
      includedCategories: ["devtools.timeline", "disabled-by-default-devtools.timeline"],
    },
  });
  // Down and up again, until it was long enough.
  const far = Math.min(room, speed * SCROLLED_S);
  const strokes = Math.ceil((speed * SCROLLED_S) / far);
  for (let stroke = 0; stroke < strokes; stroke++) {
    await session.send("Input.synthesizeScrollGesture", {
      x: box.x + box.width / 2,
      y: box.y + box.height / 2,
      yDistance: stroke % 2 === 0 ? -far : far,
      speed,
      gestureSourceType: "mouse",
      preventFling: true,
    });
  }
  await session.send("Tracing.end");
  await done;
  session.off("Tracing.dataCollected", collect);
  return perFrame(events);
}

function perFrame(events: readonly TraceEvent[]): FrameWork {
  const thread = events.find(({ name }) => name === "FireAnimationFrame" || name === "Layout")?.tid;
  const own = events.filter(({ tid, ph }) => tid === thread && ph === "X");
  const scrolled = own.filter(
    ({ name, args }) => name === "EventDispatch" && args.data?.type === "scroll",
  );
  expect(scrolled.length).toBeGreaterThan(SCROLLED_S * 10);
  const tasks = own.filter(({ name }) => name === "RunTask");
  const [script, all]: [number[], number[]] = [[], []];
  for (const task of tasks) {
    const within = own.filter(({ ts, dur }) => ts >= task.ts && ts + dur <= task.ts + task.dur);
    if (!within.some((one) => scrolled.includes(one))) continue;
    const scripts = outermost(within.filter(({ name }) => SCRIPT.has(name)));
    const layout = outermost(within.filter(({ name }) => LAYOUT.has(name))).filter(({ ts }) =>
      scripts.some((one) => ts >= one.ts && ts < one.ts + one.dur),
    );
    script.push(total(scripts) - total(layout));
    all.push(task.dur / 1000);
  }
  return { script, all };
}

function outermost(events: readonly TraceEvent[]): TraceEvent[] {
  let end = 0;
  return [...events]
    .sort((a, b) => a.ts - b.ts)
    .filter(({ ts, dur }) => {
      if (ts < end) return false;
      end = ts + dur;
      return true;
    });
}

function total(events: readonly TraceEvent[]): number {
  return events.reduce((sum, { dur }) => sum + dur, 0) / 1000;
}

/** Milliseconds from the text's arrival in the field until its count stands there. */
async function searchTook(page: Page, text: string, count: RegExp): Promise<number> {
  const field = page.getByRole("textbox", { name: "Search in this trace" });
  const status = page.getByRole("search").getByRole("status");
  await field.fill("");
  await expect(status).toBeHidden();
  await field.evaluate((input) => {
    input.addEventListener("input", () => performance.mark("typed"), { once: true });
  });
  const shown = page.waitForFunction(
    ([source]) => {
      const found = document.querySelector('search [role="status"]')?.textContent ?? "";
      if (!new RegExp(source).test(found)) return false;
      return performance.now() - (performance.getEntriesByName("typed").at(-1)?.startTime ?? 0);
    },
    [count.source] as const,
    { polling: "raf" },
  );
  await field.focus();
  await page.keyboard.insertText(text);
  return Number(await (await shown).jsonValue());
}

function middle(values: readonly number[]): number {
  return quantile(values, 0.5);
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}

function rounded(value: unknown): unknown {
  return typeof value === "number" ? Math.round(value * 100) / 100 : value;
}
