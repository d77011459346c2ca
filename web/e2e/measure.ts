/** How long large traces take in the real browser; `make bench-ui` reads the file of figures. */

import { writeFileSync } from "node:fs";
import type { CDPSession, Page } from "@playwright/test";
import { large, NEEDLE } from "./harness/large";
import { store } from "./harness/otlp";
import { expect, test } from "./harness/test";

const SIZES = [1000, 10_000, 100_000] as const;
const SCROLLED_FRAMES = 300;
const SCROLLED_PX = 600;
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
    const script = await scriptPerFrame(page, session);
    const byName = await searchTook(page, "step 7", /of|\d/);
    const byValue = await searchTook(page, NEEDLE, /^1$|^1 of 1$/);
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize, backingStorageSize } = await session.send("Runtime.getHeapUsage");
    await session.detach();
    figures[size] = {
      open_ms: open,
      paint_ms: paint,
      scroll_p50_ms: quantile(script, 0.5),
      scroll_p95_ms: quantile(script, 0.95),
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
}

const SCRIPT = new Set([
  ...["FunctionCall", "EventDispatch", "FireAnimationFrame"],
  ...["TimerFire", "RunMicrotasks", "EvaluateScript"],
]);

/** Milliseconds of script in each frame while the waterfall scrolls, by the browser's own trace. */
async function scriptPerFrame(page: Page, session: CDPSession): Promise<number[]> {
  const events: TraceEvent[] = [];
  session.on("Tracing.dataCollected", ({ value }) =>
    events.push(...(value as unknown as TraceEvent[])),
  );
  const done = new Promise<void>((resolve) =>
    session.once("Tracing.tracingComplete", () => resolve()),
  );
  await session.send("Tracing.start", {
    transferMode: "ReportEvents",
    traceConfig: {
      includedCategories: ["devtools.timeline", "disabled-by-default-devtools.timeline"],
    },
  });
  await page.getByRole("tree").evaluate(
    async (tree, [frames, px]) => {
      for (let frame = 0; frame < frames; frame++) {
        tree.scrollTop = (tree.scrollTop + px) % (tree.scrollHeight - tree.clientHeight);
        await new Promise(requestAnimationFrame);
      }
    },
    [SCROLLED_FRAMES, SCROLLED_PX] as const,
  );
  await session.send("Tracing.end");
  await done;
  const starts = events.filter(({ name }) => name === "FireAnimationFrame").map(({ ts }) => ts);
  const thread = events.find(({ name }) => name === "FireAnimationFrame")?.tid;
  const script = events
    .filter(({ name, ph, tid }) => ph === "X" && tid === thread && SCRIPT.has(name))
    .sort((a, b) => a.ts - b.ts);
  starts.sort((a, b) => a - b);
  const frames = starts.map(() => 0);
  let [frame, end] = [0, 0];
  for (const { ts, dur } of script) {
    if (ts < end) continue; // within the one before
    end = ts + dur;
    // A scroll event comes just before the frame's callbacks.
    while (frame + 1 < starts.length && (starts[frame + 1] ?? 0) - 3000 <= ts) frame++;
    frames[frame] = (frames[frame] ?? 0) + dur / 1000;
  }
  expect(frames.length).toBeGreaterThan(SCROLLED_FRAMES / 2);
  return frames;
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
