import fc from "fast-check";
import { expect, test } from "vitest";
import { SERIES, seriesIndex, serviceColour } from "./colour";

test("every name has a place in the palette", () => {
  fc.assert(
    fc.property(fc.string(), (name) => {
      const index = seriesIndex(name);
      return Number.isInteger(index) && index >= 0 && index < SERIES;
    }),
  );
});

test("a service looks the same everywhere", () => {
  expect(serviceColour("checkout")).toBe(serviceColour("checkout"));
});
