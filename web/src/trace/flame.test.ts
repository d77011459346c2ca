import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countBefore, drawRow, type Flame, type FlameWindow, hitFlame, layFlame } from "./flame";
import { at, endOf, Status, type TraceModel } from "./model";
import { drawn, type Sketch, sketched } from "./testing/drawn";
import { largeTrace } from "./testing/large";
import { children } from "./testing/naive";
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
      ["aaaaaaaaaa", "bbbbddeee.", "..cccc.ff."],
    ],
    [
      "a block for each that overlaps, with what is below it",
      `| a     |==========|
       |   b   |=====     |
       |     c |===       |
       |     d | ===      |
       |   e   |  ======= |
       |     f |      ==  |
       |   g   |         =|`,
      ["aaaaaaaaaa", "bbbbb....g", "ccc.......", ".ddd......", "..eeeeeee.", "......ff.."],
    ],
    [
      "several roots beside each other and children outside their parents",
      `| a   |===     |
       |   b |  ======|
       | c   | =====  |
       |   d | ===    |
       | e   |      ==|`,
      ["aaa.....", "..bbbbbb", ".cccccee", ".ddd...."],
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
  it("places each span once, below its parent, where no sibling's block is", () => {
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
      { numRuns: 100 },
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

interface Box {
  from: number;
  to: number;
  row: number;
  height: number;
  /** Rows of the spans in it, from its own first. */
  inner: Map<number, number>;
}

/** A span and all below it as a box, at the first row at which it meets none of its siblings. */
function naiveRows(model: TraceModel): number[] {
  const rows: number[] = [];
  const stacked = (spans: number[]): Box[] => {
    const boxes = spans.map((span) => boxOf(span));
    boxes.sort((a, b) => a.from - b.from);
    boxes.forEach((box, index) => {
      while (boxes.slice(0, index).some((other) => meet(box, other))) box.row++;
    });
    return boxes;
  };
  const boxOf = (span: number): Box => {
    const within = stacked(children(model, span));
    const inner = new Map([[span, 0]]);
    for (const box of within) for (const [one, row] of box.inner) inner.set(one, 1 + box.row + row);
    return {
      from: Math.min(at(model.start, span), ...within.map((box) => box.from)),
      to: Math.max(until(model, span), ...within.map((box) => box.to)),
      row: 0,
      height: 1 + Math.max(0, ...within.map((box) => box.row + box.height)),
      inner,
    };
  };
  for (const box of stacked(children(model, -1))) {
    for (const [span, row] of box.inner) rows[span] = box.row + row;
  }
  return rows;
}

function meet(one: Box, other: Box): boolean {
  return (
    one.from < other.to &&
    other.from < one.to &&
    one.row < other.row + other.height &&
    other.row < one.row + one.height
  );
}

function expectDrawn(model: TraceModel, flame: Flame, row: number, window: FlameWindow): void {
  const scale = window.width / (window.to - window.from);
  const seen: number[] = [];
  let reached = Number.NEGATIVE_INFINITY;
  let calls = 0;
  drawRow(flame, row, window, (first, last, left, right) => {
    calls++;
    expect(left >= Math.floor(reached) && right >= left).toBe(true);
    reached = left;
    const spans = [...flame.span.subarray(first, last)];
    seen.push(...spans);
    for (const span of spans) {
      const wantLeft = Math.max(0, (at(model.start, span) - window.from) * scale);
      const wantRight = Math.min(window.width, (until(model, span) - window.from) * scale);
      // Alone exactly, together within their pixel; what starts in it may reach into the next.
      const slack = last - first === 1 && right - left !== 1 ? 1e-9 : 1;
      const near = left <= wantLeft + 1e-9 && left >= wantLeft - slack - 1e-9;
      if (!near || right < wantRight - slack - 1e-9) {
        expect.fail(`${span} at ${wantLeft} to ${wantRight} is drawn at ${left} to ${right}`);
      }
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

describe("100,000 spans", { timeout: 30_000 }, () => {
  const model = largeTrace(100_000);

  it("are laid out and drawn in time", () => {
    const flame = layFlame(model);
    const layouts = Array.from({ length: 3 }, () => {
      const start = performance.now();
      layFlame(model);
      return performance.now() - start;
    });
    // 130 ms where nothing else runs.
    expect(Math.min(...layouts)).toBeLessThan(10_000);
    const frames = Array.from({ length: 5 }, () => {
      const start = performance.now();
      let calls = 0;
      for (let row = 0; row < 60; row++) {
        drawRow(flame, row, { from: 0, to: model.durationNs, width: 3840 }, () => calls++);
      }
      expect(calls).toBeGreaterThan(1000);
      return performance.now() - start;
    });
    expect(Math.min(...frames)).toBeLessThan(1000);
  });

  it("all at the same time have a lane each, found without a look at all lanes", () => {
    const crowd = sketched(
      Array.from({ length: 20_000 }, () => ({ parent: -1, start: 0, duration: 5 })),
    );
    const before = performance.now();
    const flame = layFlame(crowd);
    expect(performance.now() - before).toBeLessThan(2000);
    expect(flame.rows).toBe(20_000);
  });

  it("under each other, each beside a sibling, are laid out all the same", () => {
    const ladder: Sketch[] = [{ parent: -1, start: 0, duration: 9 }];
    for (let step = 0; step < 5_000; step++) {
      // The deep one last, so that its place is found.
      const parent = Math.max(0, 2 * step);
      ladder.push({ parent, start: 0, duration: 9 }, { parent, start: 0, duration: 9 });
    }
    const before = performance.now();
    const flame = layFlame(sketched(ladder));
    expect(performance.now() - before).toBeLessThan(5000);
    expect(new Set(flame.row).size).toBe(10_001);
  });

  it("are counted by what they are", () => {
    const flame = layFlame(model);
    const before = countBefore(flame.span, (span) => model.kind[span] === 3);
    expect(before.at(-1)).toBe(model.kind.filter((kind) => kind === 3).length);
  });
});
