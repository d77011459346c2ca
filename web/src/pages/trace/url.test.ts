import fc from "fast-check";
import { expect, test } from "vitest";
import { FIRST_VIEW, GROUPS, PILLS, type TraceView, traceViewCodec, VIEWS } from "./url";

const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null });
const offset = fc.maxSafeNat();

const views: fc.Arbitrary<TraceView> = fc.record({
  view: fc.constantFrom(...VIEWS),
  span: optional(fc.stringMatching(/^[0-9a-f]{16}$/)),
  event: fc.constant(null),
  zoom: optional(
    fc
      .uniqueArray(offset, { minLength: 2, maxLength: 2 })
      .map((ends) => ({ from: Math.min(...ends), to: Math.max(...ends) })),
  ),
  find: fc.string({ maxLength: 50 }),
  pills: fc.subarray([...PILLS]),
  service: optional(fc.string()),
  operation: optional(fc.string()),
  only: fc.boolean(),
  level: optional(fc.nat(9_999_999)),
  corrected: fc.boolean(),
  group: fc.constantFrom(...GROUPS),
});

test("an address is read as it was written", () => {
  fc.assert(
    fc.property(views, (view) => {
      const params = new URLSearchParams();
      traceViewCodec.write(view, params);
      expect(traceViewCodec.parse(new URLSearchParams(params.toString()))).toEqual(view);
    }),
  );
});

test("the first view leaves the address empty and what others wrote in it", () => {
  const params = new URLSearchParams("last=1h&view=flame&span=051581bf3cb55c13&event=2");
  traceViewCodec.write(FIRST_VIEW, params);
  expect(params.toString()).toBe("last=1h");
});

test("an event goes with its span", () => {
  const params = new URLSearchParams();
  traceViewCodec.write({ ...FIRST_VIEW, event: 2 }, params);
  expect(params.toString()).toBe("");
  traceViewCodec.write({ ...FIRST_VIEW, span: "051581bf3cb55c13", event: 2 }, params);
  expect(traceViewCodec.parse(params)).toMatchObject({ span: "051581bf3cb55c13", event: 2 });
});

test.each([
  "view=x&span=nothex&event=-1&zoom=9-3&show=all&level=x&group=y",
  "zoom=1-99999999999999999999&event=1e9",
  "zoom=a-b&only=yes&skew=1",
])("nonsense is left out: %s", (search) => {
  expect(traceViewCodec.parse(new URLSearchParams(search))).toEqual(FIRST_VIEW);
});
