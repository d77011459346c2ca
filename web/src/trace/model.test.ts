import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { convertSkeleton, type SkeletonAnswer } from "../api/convert-skeleton";
import { buildTrace, eventsOf, selfTimes } from "./model";
import { drawn } from "./testing/drawn";
import { largeTrace } from "./testing/large";
import { isWithin, selfTime } from "./testing/naive";
import { anyTrace, deepTrace } from "./testing/random";

describe("self time", () => {
  it.each([
    ["no children", "| a |====|", [4]],
    ["a child in the middle", "| a |======|\n|   b | ==|", [4, 2]],
    ["children that overlap count once", "| a |======|\n|   b | ===|\n|   c |  ===|", [2, 3, 3]],
    ["a child within another", "| a |======|\n|   b | ====|\n|   c |  ==|", [2, 4, 2]],
    ["a child that outlives its parent", "| a |====|\n|   b |  =====|", [2, 5]],
    ["a child before its parent", "| a |  ====|\n|   b |====|", [2, 4]],
    ["a child elsewhere", "| a |==|\n|   b |    ==|", [2, 2]],
    ["an instant", "| a |====|\n|   b* | =|", [4, 0]],
    ["grandchildren do not count", "| a |======|\n|   b | ====|\n|     c |=|", [2, 4, 1]],
  ])("of %s", (_, picture, expected) => {
    expect([...drawn(picture).selfTime]).toEqual(expected);
  });

  it("equals the count of single nanoseconds in which no child runs", () => {
    fc.assert(
      fc.property(anyTrace, (model) => {
        const expected = [...model.parent.keys()].map((span) => selfTime(model, span));
        expect([...model.selfTime]).toEqual(expected);
      }),
    );
  });

  it("does not need siblings in order", () => {
    fc.assert(
      fc.property(
        anyTrace,
        fc.array(fc.nat(30), { minLength: 60, maxLength: 60 }),
        (model, starts) => {
          const start = model.start.map((_, place) => starts[place] ?? 0);
          const moved = { ...model, start };
          const expected = [...model.parent.keys()].map((span) => selfTime(moved, span));
          expect([...selfTimes(model.parent, start, model.duration)]).toEqual(expected);
        },
      ),
    );
  });
});

describe("the tree", () => {
  it("has the descendants of a span between it and its end", () => {
    fc.assert(
      fc.property(fc.oneof(anyTrace, deepTrace), (model) => {
        for (let span = 0; span < model.count; span += 7) {
          for (let other = 0; other < model.count; other++) {
            const within = other >= span && other < (model.end[span] ?? 0);
            if (within !== isWithin(model, other, span)) expect.fail(`${other} in ${span}`);
          }
        }
      }),
      { numRuns: 20 },
    );
  });

  it("knows its depth", () => {
    expect([...drawn("| a |=|\n|   b |=|\n|     c |=|\n|   d |=|\n| e |=|").depth]).toEqual([
      0, 1, 2, 1, 0,
    ]);
  });

  it.each([[[-1, 1]], [[-1, 0, 0, 1]], [[1, -1]], [[-1, -1, 0]]])(
    "refuses parents %j, which are not depth first",
    (parents) => {
      const model = drawn("| a |=|");
      const parent = Int32Array.from(parents);
      expect(() => buildTrace({ ...model, parent })).toThrow("does not follow its parent");
    },
  );

  it("of 100,000 spans is built in time", () => {
    const model = largeTrace(100_000);
    const took = Math.min(...[1, 2, 3, 4, 5].map(() => timed(() => buildTrace(model))));
    expect(model.count).toBe(100_000);
    expect(took).toBeLessThan(5000);
  });
});

describe("convertSkeleton", () => {
  const answer: SkeletonAnswer = {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    startTimeUnixNano: "1795348800000000001",
    spanCount: 3,
    names: ["GET /", "select"],
    services: ["shop", "db"],
    missingParents: [{ spanId: "00000000000000ff", children: [2] }],
    events: { span: [], offsetNanos: [], exceptions: [], complete: true },
    spans: {
      id: ["0000000000000001", "0000000000000002", "0000000000000003"],
      name: [0, 1, 1],
      service: [0, 1, 1],
      parent: [-1, 0, -1],
      startOffsetNanos: [0, 5, "9007199254740992"],
      durationNanos: [100, 20, 0],
      kind: [2, 3, 1],
      status: [0, 2, 1],
      flags: [0, 1, 8],
    },
  };

  it("keeps the nanoseconds of the start and reads long offsets", () => {
    const model = convertSkeleton(answer);
    expect(model.startNs).toBe(1_795_348_800_000_000_001n);
    expect([...model.start]).toEqual([0, 5, 2 ** 53]);
    expect(model.durationNs).toBe(2 ** 53);
    expect([...model.selfTime]).toEqual([80, 20, 0]);
    expect(model.event).toEqual({
      span: new Uint32Array(),
      offset: new Float64Array(),
      exception: new Uint8Array(),
      complete: true,
    });
  });

  it("sorts events by their span", () => {
    const model = convertSkeleton({
      ...answer,
      events: {
        span: [2, 0, 2],
        offsetNanos: ["9007199254740993", 7, 3],
        exceptions: [1, 2],
        complete: true,
      },
    });
    expect([...model.event.span]).toEqual([0, 2, 2]);
    expect([...model.event.offset]).toEqual([7, 2 ** 53, 3]);
    expect([...model.event.exception]).toEqual([1, 0, 1]);
    expect([0, 1, 2].map((span) => eventsOf(model, span))).toEqual([
      [0, 1],
      [1, 1],
      [1, 3],
    ]);
  });
});

function timed(action: () => void): number {
  const before = performance.now();
  action();
  return performance.now() - before;
}
