import fc from "fast-check";
import { expect, test, vi } from "vitest";
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

test("as many services as there are colours all differ", async () => {
  vi.resetModules();
  const fresh = await import("./colour");
  const names = Array.from({ length: SERIES }, (_, index) => `service-${index}`);
  expect(new Set(names.map(fresh.hashed)).size).toBeLessThan(SERIES);
  expect(new Set(names.map(fresh.seriesIndex)).size).toBe(SERIES);
});
