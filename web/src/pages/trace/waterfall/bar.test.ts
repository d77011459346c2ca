import fc from "fast-check";
import { expect, test } from "vitest";
import { buildTrace, type TraceModel } from "../../../trace/model";
import { barBackground, dotsOf, ownStretches } from "./bar";

/** A parent and its children, as start and duration. */
function family(parent: [number, number], children: [number, number][]): TraceModel {
  const spans = [parent, ...children.sort((a, b) => a[0] - b[0])];
  const zeros = new Uint8Array(spans.length);
  return buildTrace({
    traceId: "5b8efff798038103d269b633813fc60c",
    startNs: 0n,
    names: ["a"],
    services: ["s"],
    ids: spans.map((_, at) => String(at).padStart(16, "0")),
    name: new Uint32Array(spans.length),
    service: new Uint32Array(spans.length),
    parent: Int32Array.from(spans, (_, at) => (at === 0 ? -1 : 0)),
    start: Float64Array.from(spans, ([start]) => start),
    duration: Float64Array.from(spans, ([, duration]) => duration),
    kind: zeros,
    status: zeros,
    flags: zeros,
    missing: [],
    event: {
      span: Uint32Array.of(0, 0, 0),
      offset: Float64Array.of(10, 11, 90),
      exception: Uint8Array.of(0, 1, 0),
      complete: true,
    },
  });
}

test("a span works where none of its children runs", () => {
  const model = family(
    [0, 100],
    [
      [10, 20],
      [25, 15],
      [80, 40],
    ],
  );
  expect(ownStretches(model, 0)).toEqual([
    [0, 10],
    [40, 80],
  ]);
  expect(ownStretches(model, 1)).toEqual([[10, 30]]);
});

test("what a span did itself adds up to its self time", () => {
  const times = fc.tuple(fc.nat(100), fc.nat(100));
  fc.assert(
    fc.property(times, fc.array(times, { maxLength: 12 }), (parent, children) => {
      const model = family(parent, children);
      const own = ownStretches(model, 0) ?? [];
      const sum = own.reduce((total, [start, end]) => total + end - start, 0);
      expect(sum).toBe(model.selfTime[0]);
    }),
  );
});

test("more children than can be seen are not looked at", () => {
  expect(
    ownStretches(
      family(
        [0, 1000],
        Array.from({ length: 500 }, (_, at) => [at, 1]),
      ),
      0,
    ),
  ).toBeNull();
});

test("a bar is strong where the span worked, within the zoom", () => {
  const zoom = { from: 0, to: 100 };
  expect(barBackground([[0, 100]], [0, 100], zoom)).toBe(
    "linear-gradient(to right, var(--own) 0.00% 100.00%)",
  );
  expect(barBackground([[40, 80]], [0, 100], zoom)).toBe(
    "linear-gradient(to right, var(--waits) 0.00% 40.00%, var(--own) 40.00% 80.00%, var(--waits) 80.00% 100%)",
  );
  expect(barBackground([[40, 80]], [0, 100], { from: 60, to: 70 })).toContain(
    "var(--own) 0.00% 100.00%",
  );
  expect(barBackground([], [0, 100], zoom)).toBe("var(--waits)");
});

test("events on one spot are one dot, an exception before others; those outside of the zoom none", () => {
  const model = family([0, 100], []);
  expect(dotsOf(model, 0, { from: 0, to: 100 }, 100)).toEqual([
    { event: 1, left: 0.11, exception: true },
    { event: 2, left: 0.9, exception: false },
  ]);
  expect(dotsOf(model, 0, { from: 10, to: 12 }, 100)).toEqual([
    { event: 0, left: 0, exception: false },
    { event: 1, left: 0.5, exception: true },
  ]);
});
