import fc from "fast-check";
import { expect, test } from "vitest";
import { indentFor, labelSide, placeOf } from "./geometry";

const WHOLE = { from: 0, to: 1000 };

test("a span stands where its time is", () => {
  expect(placeOf(250, 500, WHOLE)).toEqual({ left: 0.25, width: 0.5 });
  expect(placeOf(250, 0, WHOLE)).toEqual({ left: 0.25, width: 0 });
});

test("a span is cut to the zoom and is nowhere outside of it", () => {
  expect(placeOf(0, 1000, { from: 500, to: 600 })).toEqual({ left: 0, width: 1 });
  expect(placeOf(0, 499, { from: 500, to: 600 })).toBeNull();
  expect(placeOf(601, 10, { from: 500, to: 600 })).toBeNull();
});

test("a label stands after its bar, else before it, else in it", () => {
  expect(labelSide({ left: 0.1, width: 0.2 }, 60, 500)).toBe("after");
  expect(labelSide({ left: 0.5, width: 0.45 }, 60, 500)).toBe("before");
  expect(labelSide({ left: 0.05, width: 0.9 }, 60, 500)).toBe("inside");
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
