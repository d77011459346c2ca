import fc from "fast-check";
import { expect, test } from "vitest";
import { indentFor, labelSide, panBy, placeOf, ticks, zoomBy } from "./geometry";

const WHOLE = { start: 0, end: 1000 };

test("a span stands where its time is", () => {
  expect(placeOf(250, 500, WHOLE)).toEqual({ left: 0.25, width: 0.5 });
  expect(placeOf(250, 0, WHOLE)).toEqual({ left: 0.25, width: 0 });
});

test("a span is cut to the zoom and is nowhere outside of it", () => {
  expect(placeOf(0, 1000, { start: 500, end: 600 })).toEqual({ left: 0, width: 1 });
  expect(placeOf(0, 499, { start: 500, end: 600 })).toBeNull();
  expect(placeOf(601, 10, { start: 500, end: 600 })).toBeNull();
});

test("a label stands after its bar, else before it, else in it", () => {
  expect(labelSide({ left: 0.1, width: 0.2 }, 60, 500)).toBe("after");
  expect(labelSide({ left: 0.5, width: 0.45 }, 60, 500)).toBe("before");
  expect(labelSide({ left: 0.05, width: 0.9 }, 60, 500)).toBe("inside");
});

test.each([
  [{ start: 0, end: 1000 }, 5, [0, 200, 400, 600, 800, 1000]],
  [{ start: 120, end: 480 }, 4, [200, 300, 400]],
  [{ start: 0, end: 180e9 }, 4, [0, 60e9, 120e9, 180e9]],
  [{ start: 5, end: 5 }, 4, []],
])("the ruler of %j has round times", (zoom, most, marks) => {
  expect(ticks(zoom, most)).toEqual(marks);
});

test("the ruler has few marks, all within the zoom and evenly apart", () => {
  const zooms = fc
    .uniqueArray(fc.nat(2 ** 50), { minLength: 2, maxLength: 2 })
    .map((ends) => ({ start: Math.min(...ends), end: Math.max(...ends) }));
  fc.assert(
    fc.property(zooms, fc.integer({ min: 1, max: 20 }), (zoom, most) => {
      const marks = ticks(zoom, most);
      expect(marks.length).toBeLessThanOrEqual(most + 1);
      for (const at of marks) expect(at >= zoom.start && at <= zoom.end).toBe(true);
    }),
  );
});

test("names keep half of the column at any depth", () => {
  fc.assert(
    fc.property(fc.nat(5000), fc.integer({ min: 160, max: 900 }), (deepest, column) => {
      const { step, most } = indentFor(deepest, column);
      expect(step).toBeGreaterThanOrEqual(6);
      expect(most).toBeGreaterThanOrEqual(1);
      expect(step * Math.min(most, deepest)).toBeLessThanOrEqual(column / 2);
    }),
  );
});

test("zooming keeps the time under the pointer and ends at the whole trace", () => {
  expect(zoomBy({ start: 0, end: 1000 }, 0.5, 500, 1000)).toEqual({ start: 250, end: 750 });
  expect(zoomBy({ start: 250, end: 750 }, 2, 500, 1000)).toBeNull();
  expect(zoomBy({ start: 0, end: 500 }, 0.5, 0, 1000)).toEqual({ start: 0, end: 250 });
});

test("panning stays within the trace", () => {
  expect(panBy({ start: 0, end: 500 }, -1, 1000)).toEqual({ start: 0, end: 500 });
  expect(panBy({ start: 0, end: 500 }, 5, 1000)).toEqual({ start: 500, end: 1000 });
});
