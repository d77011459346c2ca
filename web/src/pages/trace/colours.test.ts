import fc from "fast-check";
import { expect, test } from "vitest";
import { SERIES, seriesIndex } from "../../shared/colour";
import { seriesOf } from "./colours";

const anyServices = fc.uniqueArray(fc.string(), { maxLength: 30 });

test("services of a trace differ as long as there are colours", () => {
  fc.assert(
    fc.property(anyServices, (services) => {
      const series = seriesOf(
        services,
        services.map((_, index) => index),
      );
      expect(new Set(series).size).toBe(Math.min(services.length, SERIES));
    }),
  );
});

test("the service with most time has the colour that it has everywhere", () => {
  fc.assert(
    fc.property(anyServices, (services) => {
      fc.pre(services.length > 0);
      const most = services.length - 1;
      const byTime = services.map((_, index) => index).reverse();
      expect(seriesOf(services, byTime)[most]).toBe(seriesIndex(services[most] ?? ""));
    }),
  );
});
