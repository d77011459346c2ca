import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { criticalPath, segmentsOf } from "./critical-path";
import { at, endOf, Kind, type TraceModel } from "./model";
import { isRoot } from "./rows";
import { drawn } from "./testing/drawn";
import { largeTrace } from "./testing/large";
import { children } from "./testing/naive";
import { anyTrace, deepTrace } from "./testing/random";

/** The trace with `#` where a span is on the path and `-` where it only runs. */
function picture(model: TraceModel): string[] {
  const path = criticalPath(model);
  return [...model.parent.keys()].map((span) => {
    const line = Array.from({ length: model.durationNs }, (_, instant): string =>
      at(model.start, span) <= instant && instant < endOf(model, span) ? "-" : " ",
    );
    for (const index of segmentsOf(path, span)) {
      for (let instant = at(path.from, index); instant < at(path.to, index); instant++) {
        line[instant] = "#";
      }
    }
    return `|${line.join("")}|`;
  });
}

describe("the critical path", () => {
  it.each([
    ["a span alone", "| a |====", ["|####|"]],
    [
      "children after each other, with gaps",
      `| a   |==========|
       |   b | ===      |
       |   c |     ===  |`,
      ["|#---#---##|", "| ###      |", "|     ###  |"],
    ],
    [
      "the last of those that run beside each other",
      `| a   |==========|
       |   b | =======  |
       |   c | ====     |`,
      ["|#-------##|", "| #######  |", "| ----     |"],
    ],
    [
      "not one still running when the next begins",
      `| a   |==========|
       |   b |=====     |
       |   c |   ====== |`,
      ["|###------#|", "|-----     |", "|   ###### |"],
    ],
    [
      "one that ends exactly when the next begins",
      `| a   |=======|
       |   b |===    |
       |   c |   ====|`,
      ["|-------|", "|###    |", "|   ####|"],
    ],
    [
      "of equal ends the one that starts first",
      `| a   |=======|
       |   b |  =====|
       |   c |    ===|`,
      ["|##-----|", "|  #####|", "|    ---|"],
    ],
    [
      "of equal times the one listed first",
      `| a   |====|
       |   b | ===|
       |   c | ===|`,
      ["|#---|", "| ###|", "| ---|"],
    ],
    [
      "a child that outlives its parent, as far as the parent",
      `| a     |=====   |
       |   b   |  ======|
       |     c |     ===|
       |     d |   =    |`,
      ["|##---   |", "|  #-#---|", "|     ---|", "|   #    |"],
    ],
    [
      "no child outside its parent",
      `| a   |  ===   |
       |   b |     ===|
       |   c |==      |`,
      ["|  ###   |", "|     ---|", "|--      |"],
    ],
    [
      "a child that starts too early, from the parent's start",
      `| a   |  =====|
       |   b |====   |`,
      ["|  --###|", "|--##   |"],
    ],
    [
      "no instants",
      `| a    |====|
       |   b* |  = |
       |   c* |   =|`,
      ["|####|", "|    |", "|    |"],
    ],
    [
      "only the root beside spans whose parent is missing",
      `| a     |====    |
       | lost? |        |
       |   b   |  ======|`,
      ["|####    |", "|  ------|"],
    ],
    [
      "several roots as the children of one that is not known",
      `| a   |===      |
       |   b | =       |
       | c   |  ==     |
       | d   |     ====|`,
      ["|---      |", "| -       |", "|  ##     |", "|     ####|"],
    ],
    [
      "the children of a missing parent",
      `| lost? |        |
       |   a   |===     |
       |   b   |   =====|
       |     c |    ==  |`,
      ["|###     |", "|   #--##|", "|    ##  |"],
    ],
  ])("has %s", (_, trace, expected) => {
    expect(picture(drawn(trace))).toEqual(expected);
  });

  it("does not wait for a consumer that outlives the producer", () => {
    const model = drawn("| a   |====  |\n|   b | =====|\n|   c |===   |");
    model.kind[1] = Kind.consumer;
    expect(picture(model)).toEqual(["|---#  |", "| -----|", "|###   |"]);
  });
});

interface Segment {
  span: number;
  from: number;
  to: number;
}

/** The definition read aloud, looking at every child at every step. */
function naivePath(model: TraceModel, { span, from, to }: Segment): Segment[] {
  const below = span < 0 ? tops(model) : children(model, span);
  const candidates = below
    .filter(
      (child) => span < 0 || model.kind[child] !== 5 || endOf(model, child) <= endOf(model, span),
    )
    .map((child) => ({
      span: child,
      from: Math.max(at(model.start, child), from),
      to: Math.min(endOf(model, child), to),
    }));
  const found: Segment[] = [];
  let left = to;
  for (;;) {
    const finished = candidates.filter((one) => one.from < one.to && one.to <= left);
    const latest = Math.max(...finished.map((one) => one.to));
    const together = finished.filter((one) => one.to === latest);
    const first = Math.min(...together.map((one) => one.from));
    const last = together.find((one) => one.from === first);
    if (last === undefined) break;
    found.unshift({ span, from: last.to, to: left });
    found.unshift(...naivePath(model, last));
    left = last.from;
  }
  found.unshift({ span, from, to: left });
  return found.filter((one) => one.span >= 0 && one.from < one.to);
}

function tops(model: TraceModel): number[] {
  return [...model.parent.keys()].filter((span) => model.parent[span] === -1);
}

function naive(model: TraceModel): Segment[] {
  const roots = tops(model).filter((span) => isRoot(model, span));
  const [span = -1] = roots.length === 1 ? roots : [];
  return span < 0
    ? naivePath(model, { span, from: 0, to: model.durationNs })
    : naivePath(model, { span, from: at(model.start, span), to: endOf(model, span) });
}

function segments(model: TraceModel): Segment[] {
  const path = criticalPath(model);
  return [...path.span].map((span, index) => ({
    span,
    from: at(path.from, index),
    to: at(path.to, index),
  }));
}

describe("the critical path of any trace", () => {
  it("is what the definition says", () => {
    fc.assert(
      fc.property(anyTrace, (model) => {
        expect(segments(model)).toEqual(naive(model));
      }),
      { numRuns: 300 },
    );
  });

  it("covers a single root once, without a gap", () => {
    fc.assert(
      fc.property(fc.oneof(anyTrace, deepTrace), (model) => {
        const roots = tops(model).filter((span) => isRoot(model, span));
        fc.pre(roots.length === 1);
        const [root = 0] = roots;
        let reached = at(model.start, root);
        for (const { span, from, to } of segments(model)) {
          expect(from).toBe(reached);
          expect(from).toBeGreaterThanOrEqual(at(model.start, span));
          expect(to).toBeLessThanOrEqual(endOf(model, span));
          reached = to;
        }
        expect(reached).toBe(endOf(model, root));
      }),
      { numRuns: 40 },
    );
  });

  it("of 100,000 spans is found in time", () => {
    const model = largeTrace(100_000);
    const took = Array.from({ length: 3 }, () => {
      const before = performance.now();
      criticalPath(model);
      return performance.now() - before;
    });
    expect(Math.min(...took)).toBeLessThan(10_000);
  });
});
