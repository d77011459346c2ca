import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  isWhole,
  ticks,
  wholeZoom,
  type Zoom,
  zoomAround,
  zoomBetween,
  zoomMoved,
  zoomShowing,
  zoomWithin,
} from "./zoom";

const TRACE = 10_000;

describe("zoom", () => {
  it.each([
    ["between two times", zoomBetween(7000, 2000, TRACE), [2000, 7000]],
    ["not nearer than can be seen", zoomBetween(500, 500, TRACE), [450, 550]],
    ["not beyond the ends", zoomBetween(-500, 20, TRACE), [0, 520]],
    ["nearer around a time", zoomAround({ from: 0, to: 8000 }, 0.5, 2000, TRACE), [1000, 5000]],
    ["further than the trace", zoomAround({ from: 10, to: 8000 }, 2, 20, TRACE), [0, 10_000]],
    [
      "out to all, not to nearly all",
      zoomAround({ from: 20, to: 9000 }, 1.11, 9000, TRACE),
      [0, 10_000],
    ],
    ["to the right", zoomMoved({ from: 0, to: 4000 }, 1000, TRACE), [1000, 5000]],
    ["to the end", zoomMoved({ from: 0, to: 4000 }, 9000, TRACE), [6000, 10_000]],
    ["to the start", zoomMoved({ from: 500, to: 4500 }, -900, TRACE), [0, 4000]],
    ["to what is seen already", zoomShowing({ from: 10, to: 500 }, 400, 900, TRACE), [10, 500]],
    ["to what is short", zoomShowing({ from: 0, to: 1000 }, 4900, 5100, TRACE), [4500, 5500]],
    [
      "to the start of what is long",
      zoomShowing({ from: 0, to: 1000 }, 3000, 9000, TRACE),
      [3000, 4000],
    ],
  ])("goes %s", (_, zoom: Zoom, [from, to]) => {
    expect(zoom).toEqual({ from, to });
  });

  it("knows the whole, also of a trace without duration", () => {
    expect(isWhole(wholeZoom(TRACE), TRACE)).toBe(true);
    expect(isWhole({ from: 1, to: TRACE }, TRACE)).toBe(false);
    expect(wholeZoom(0).to).toBeGreaterThan(0);
  });

  it("stays within the trace whatever is done to it", () => {
    const number = fc.double({ min: -2e4, max: 2e4, noNaN: true });
    fc.assert(
      fc.property(
        fc.nat(20_000),
        fc.array(fc.record({ act: fc.nat(3), one: number, other: number })),
        (duration, acts) => {
          let zoom = wholeZoom(duration);
          for (const { act, one, other } of acts) {
            if (act === 0) zoom = zoomBetween(one, other, duration);
            if (act === 1) zoom = zoomAround(zoom, Math.exp(one / 1e4), zoom.from + 3, duration);
            if (act === 2) zoom = zoomMoved(zoom, one, duration);
            if (act === 3) zoom = zoomShowing(zoom, one, one + Math.abs(other), duration);
            expect(zoom.from).toBeGreaterThanOrEqual(0);
            expect(zoom.to).toBeLessThanOrEqual(Math.max(100, duration));
            expect(zoom.to - zoom.from).toBeGreaterThanOrEqual(99);
          }
        },
      ),
    );
  });
});

describe("ticks", () => {
  it.each([
    [{ from: 0, to: 10 }, 3, [0, 5, 10]],
    [{ from: 7, to: 45 }, 10, [10, 20, 30, 40]],
    [{ from: 0, to: 1 }, 0.2, [0, 1]],
    [{ from: 0, to: 100e9 }, 40e9, [0, 60e9]],
    [{ from: 0, to: 200_000e9 }, 90_000e9, [0, 172_800e9]],
  ])("of %j with %d apart", (zoom, apart, expected) => {
    expect(ticks(zoom, apart)).toEqual(expected);
  });
});

it.each<[string, Zoom, Zoom | null]>([
  ["is kept within the trace", { from: 10, to: 20 }, { from: 10, to: 20 }],
  ["ends with the trace", { from: 10, to: 20_000 }, { from: 10, to: TRACE }],
  ["is none beyond the trace", { from: TRACE, to: 20_000 }, null],
])("a zoom from elsewhere %s", (_, given, expected) => {
  expect(zoomWithin(given, TRACE)).toEqual(expected);
});
