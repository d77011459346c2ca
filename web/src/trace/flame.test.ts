import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countBefore, drawRow, type Flame, type FlameWindow, hitFlame, layFlame } from "./flame";
import { at, endOf, Status, type TraceModel } from "./model";
import { drawn } from "./testing/drawn";
import { largeTrace } from "./testing/large";
import { anyTrace, deepTrace } from "./testing/random";

/** Rows of the flame graph with the names of spans where they run. */
function picture(model: TraceModel): string[] {
  const flame = layFlame(model);
  return Array.from({ length: flame.rows }, (_, row) => {
    const line = Array.from({ length: model.durationNs }, () => ".");
    for (let slot = at(flame.first, row); slot < at(flame.first, row + 1); slot++) {
      for (let instant = at(flame.from, slot); instant < at(flame.to, slot); instant++) {
        if (line[instant] !== ".") throw new Error(`Overlap in row ${row} at ${instant}`);
        line[instant] = model.names[at(model.name, at(flame.span, slot))] ?? "?";
      }
    }
    return line.join("");
  });
}

describe("the flame graph", () => {
  it.each([
    [
      "children in the row below",
      `| a     |========|
       |   b   | ===    |
       |     c |  =     |
       |   d   |     == |`,
      ["aaaaaaaa", ".bbb.dd.", "..c....."],
    ],
    [
      "siblings that overlap in lanes, the next in the first that is free",
      `| a   |==========|
       |   b |====      |
       |   c |  ====    |
       |   d |    ==    |
       |   e |      === |
       |     f |       ==|`,
      ["aaaaaaaaaa", "bbbbddeee.", "..cccc....", ".......ff."],
    ],
    [
      "several roots beside each other and children outside their parents",
      `| a   |===     |
       |   b |  ======|
       | c   | =====  |
       |   d | ===    |
       | e   |      ==|`,
      ["aaa...ee", ".ccccc..", ".ddd....", "..bbbbbb"],
    ],
    [
      "instants at one time each with a place",
      `| a    |====|
       |   b* | =  |
       |   c* | =  |
       |   d  | == |`,
      ["aaaa", ".b..", ".c..", ".dd."],
    ],
    [
      "spans whose parent is missing at the top",
      `| a     |==== |
       | lost? |     |
       |   b   |  ===|`,
      ["aaaa.", "..bbb"],
    ],
  ])("has %s", (_, trace, expected) => {
    expect(picture(drawn(trace))).toEqual(expected);
  });
});

describe("the flame graph of any trace", () => {
  it("places each span once, in its band, in the first lane that is free", () => {
    fc.assert(
      fc.property(fc.oneof(anyTrace, deepTrace), (model) => {
        const flame = layFlame(model);
        expect([...flame.span].sort((a, b) => a - b)).toEqual([...model.parent.keys()]);
        expect([...flame.row]).toEqual(naiveRows(model));
      }),
      { numRuns: 100 },
    );
  });

  const windows = fc.record({
    from: fc.integer({ min: -5, max: 120 }),
    length: fc.integer({ min: 1, max: 150 }),
    width: fc.integer({ min: 1, max: 120 }),
  });

  it("draws of a row all that a window shows, once, where it is, and with its errors", () => {
    fc.assert(
      fc.property(anyTrace, windows, (model, { from, length, width }) => {
        const flame = layFlame(model);
        const window = { from, to: from + length, width };
        for (let row = 0; row < flame.rows; row++) expectDrawn(model, flame, row, window);
      }),
      { numRuns: 300 },
    );
  });

  it("is hit where a look at every span of the row says so", () => {
    fc.assert(
      fc.property(anyTrace, fc.integer({ min: -5, max: 130 }), fc.nat(6), (model, time, reach) => {
        const flame = layFlame(model);
        for (let row = -1; row <= flame.rows; row++) {
          const hit = hitFlame(flame, row, time + 0.5, reach);
          const near = [...model.parent.keys()]
            .filter((span) => flame.row[span] === row)
            .map((span) => distance(model, span, time + 0.5))
            .filter((apart) => apart <= reach);
          if (hit < 0) expect(near).toEqual([]);
          else expect(distance(model, hit, time + 0.5)).toBe(Math.min(...near));
        }
      }),
    );
  });
});

function until(model: TraceModel, span: number): number {
  return Math.max(endOf(model, span), at(model.start, span) + 1);
}

function distance(model: TraceModel, span: number, time: number): number {
  return Math.max(at(model.start, span) - time, time - until(model, span), 0);
}

function naiveRows(model: TraceModel): number[] {
  const rows: number[] = [];
  let band = 0;
  for (let depth = 0; depth <= Math.max(...model.depth); depth++) {
    const spans = [...model.parent.keys()]
      .filter((span) => model.depth[span] === depth)
      .sort((a, b) => at(model.start, a) - at(model.start, b) || a - b);
    const lanes: number[][] = [];
    for (const span of spans) {
      const free = lanes.findIndex((lane) =>
        lane.every(
          (o) =>
            until(model, o) <= at(model.start, span) || until(model, span) <= at(model.start, o),
        ),
      );
      const lane = free < 0 ? lanes.push([]) - 1 : free;
      lanes[lane]?.push(span);
      rows[span] = band + lane;
    }
    band += lanes.length;
  }
  return rows;
}

function expectDrawn(model: TraceModel, flame: Flame, row: number, window: FlameWindow): void {
  const scale = window.width / (window.to - window.from);
  const seen: number[] = [];
  let reached = Number.NEGATIVE_INFINITY;
  let calls = 0;
  drawRow(flame, row, window, (first, last, left, right) => {
    calls++;
    expect(left).toBeGreaterThanOrEqual(Math.floor(reached));
    expect(right).toBeGreaterThanOrEqual(left);
    reached = left;
    const spans = [...flame.span.subarray(first, last)];
    seen.push(...spans);
    for (const span of spans) {
      const wantLeft = Math.max(0, (at(model.start, span) - window.from) * scale);
      const wantRight = Math.min(window.width, (until(model, span) - window.from) * scale);
      // Alone exactly, together within their pixel; what starts in it may reach into the next.
      const slack = last - first === 1 && right - left !== 1 ? 1e-9 : 1;
      expect(left).toBeLessThanOrEqual(wantLeft + 1e-9);
      expect(left).toBeGreaterThanOrEqual(wantLeft - slack - 1e-9);
      expect(right).toBeGreaterThanOrEqual(wantRight - slack - 1e-9);
    }
    const errors = at(flame.errorsBefore, last) - at(flame.errorsBefore, first);
    expect(errors).toBe(spans.filter((span) => model.status[span] === Status.error).length);
  });
  const visible = [...flame.span].filter(
    (span) =>
      flame.row[span] === row &&
      until(model, span) > window.from &&
      at(model.start, span) < window.to,
  );
  expect(seen).toEqual(visible);
  expect(calls).toBeLessThanOrEqual(2 * window.width + 2);
}

describe("100,000 spans", () => {
  const model = largeTrace(100_000);

  it("are laid out within 200 ms and drawn within a frame", () => {
    const before = performance.now();
    const flame = layFlame(model);
    expect(performance.now() - before).toBeLessThan(200);
    const frames = Array.from({ length: 5 }, () => {
      const start = performance.now();
      let calls = 0;
      for (let row = 0; row < 60; row++) {
        drawRow(flame, row, { from: 0, to: model.durationNs, width: 3840 }, () => calls++);
      }
      expect(calls).toBeGreaterThan(1000);
      return performance.now() - start;
    });
    expect(Math.min(...frames)).toBeLessThan(16);
  });

  it("all at the same time have a lane each, found without a look at all lanes", () => {
    const count = 20_000;
    const start = new Float64Array(count);
    const duration = new Float64Array(count).fill(5);
    const depth = new Uint32Array(count);
    const before = performance.now();
    const flame = layFlame({ ...model, count, start, duration, depth });
    expect(performance.now() - before).toBeLessThan(500);
    expect(flame.rows).toBe(count);
  });

  it("are counted by what they are", () => {
    const flame = layFlame(model);
    const before = countBefore(flame.span, (span) => model.kind[span] === 3);
    expect(before.at(-1)).toBe(model.kind.filter((kind) => kind === 3).length);
  });
});
