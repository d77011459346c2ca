import fc from "fast-check";
import { expect, test } from "vitest";
import type { TraceModel } from "../../../trace/model";
import { shares, sortStatistics, statistics } from "./statistics";

interface Span {
  service: number;
  name: number;
  duration: number;
  self: number;
  error: boolean;
}

function model(spans: Span[]): TraceModel {
  return {
    count: spans.length,
    names: ["get", "put", "pay"],
    services: ["cart", "shipping"],
    name: Uint32Array.from(spans, (span) => span.name),
    service: Uint32Array.from(spans, (span) => span.service),
    duration: Float64Array.from(spans, (span) => span.duration),
    selfTime: Float64Array.from(spans, (span) => span.self),
    status: Uint8Array.from(spans, (span) => (span.error ? 2 : 0)),
  } as unknown as TraceModel;
}

const anySpan: fc.Arbitrary<Span> = fc.record({
  service: fc.nat(1),
  name: fc.nat(2),
  duration: fc.nat(1000),
  self: fc.nat(1000),
  error: fc.boolean(),
});

test("operations of two services with one name are apart, a service is one", () => {
  const spans = [
    { service: 0, name: 0, duration: 10, self: 5, error: false },
    { service: 1, name: 0, duration: 30, self: 30, error: true },
    { service: 0, name: 0, duration: 20, self: 5, error: false },
  ];
  expect(statistics(model(spans), "operation")).toEqual([
    {
      service: 0,
      name: 0,
      count: 2,
      errors: 0,
      total: 30,
      self: 10,
      median: 10,
      p95: 20,
      longest: 20,
      longestAt: 2,
    },
    {
      service: 1,
      name: 0,
      count: 1,
      errors: 1,
      total: 30,
      self: 30,
      median: 30,
      p95: 30,
      longest: 30,
      longestAt: 1,
    },
  ]);
  expect(statistics(model(spans), "service").map((one) => one.count)).toEqual([2, 1]);
});

test("each span counts once, and quantiles are those of its group", () => {
  fc.assert(
    fc.property(fc.array(anySpan, { maxLength: 60 }), (spans) => {
      for (const by of ["operation", "service"] as const) {
        const list = statistics(model(spans), by);
        for (const one of list) {
          const own = spans
            .filter(
              (span) =>
                span.service === one.service && (by === "service" || span.name === one.name),
            )
            .map((span) => span.duration)
            .sort((a, b) => a - b);
          expect(one.count).toBe(own.length);
          expect(one.median).toBe(own[Math.ceil(own.length / 2) - 1]);
          expect(one.longest).toBe(own.at(-1));
        }
        expect(list.reduce((sum, one) => sum + one.count, 0)).toBe(spans.length);
      }
    }),
  );
});

test("sorting keeps the trace's order of equal ones", () => {
  const list = statistics(
    model([
      { service: 0, name: 1, duration: 1, self: 1, error: false },
      { service: 0, name: 0, duration: 1, self: 2, error: false },
      { service: 1, name: 0, duration: 1, self: 2, error: false },
    ]),
    "operation",
  );
  expect(sortStatistics(list, "self", false).map((one) => [one.service, one.name])).toEqual([
    [0, 0],
    [1, 0],
    [0, 1],
  ]);
});

test("shares of self time add up to one", () => {
  const found = shares(
    model([
      { service: 0, name: 0, duration: 1, self: 25, error: false },
      { service: 1, name: 0, duration: 1, self: 75, error: false },
    ]),
  );
  expect(found).toEqual([
    { service: 1, share: 0.75, spans: 1 },
    { service: 0, share: 0.25, spans: 1 },
  ]);
});
