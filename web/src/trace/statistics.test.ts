import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { at, type TraceModel } from "./model";
import { byOperation, byService, type GroupStatistics } from "./statistics";
import { drawn } from "./testing/drawn";
import { largeTrace } from "./testing/large";
import { runs } from "./testing/naive";
import { anyTrace } from "./testing/random";

const MODEL = drawn(`
  | web:a         |==========|
  |   db:select   | ====     |
  |   db:select!  |   ====   |
  |   db:insert   |        = |
`);

describe("statistics", () => {
  it("of services, the one with the most self time first", () => {
    expect(byService(MODEL)).toEqual([
      {
        service: 1,
        name: -1,
        count: 3,
        errors: 1,
        totalNs: 9,
        selfNs: 9,
        runningNs: 7,
        p50Ns: 4,
        p95Ns: 4,
        maxNs: 4,
        share: 0.7,
        selfShare: 0.75,
        longest: 1,
      },
      {
        service: 0,
        name: -1,
        count: 1,
        errors: 0,
        totalNs: 10,
        selfNs: 3,
        runningNs: 10,
        p50Ns: 10,
        p95Ns: 10,
        maxNs: 10,
        share: 1,
        selfShare: 0.25,
        longest: 0,
      },
    ]);
  });

  it("of operations", () => {
    const told = byOperation(MODEL).map((one) => [
      `${MODEL.services[one.service]} ${MODEL.names[one.name]}`,
      one.count,
      one.errors,
      one.selfNs,
    ]);
    expect(told).toEqual([
      ["db select", 2, 1, 8],
      ["web a", 1, 0, 3],
      ["db insert", 1, 0, 1],
    ]);
  });

  it("of instants have no shares", () => {
    expect(byService(drawn("| a* |=|"))).toMatchObject([{ share: 0, selfShare: 0, maxNs: 0 }]);
  });

  it("of any trace are those of its spans one by one", () => {
    fc.assert(
      fc.property(anyTrace, (model) => {
        const groups = [...byService(model), ...byOperation(model)];
        for (const group of groups) expectGroup(model, group);
        expect(groups.reduce((sum, group) => sum + group.count, 0)).toBe(2 * model.count);
      }),
    );
  });

  it("of 100,000 spans are counted in time", () => {
    const model = largeTrace(100_000);
    const before = performance.now();
    byOperation(model);
    expect(performance.now() - before).toBeLessThan(10_000);
  });
});

function expectGroup(model: TraceModel, group: GroupStatistics): void {
  const spans = [...model.parent.keys()].filter(
    (span) =>
      model.service[span] === group.service && (group.name < 0 || model.name[span] === group.name),
  );
  const durations = spans.map((span) => at(model.duration, span)).sort((a, b) => a - b);
  let running = 0;
  for (let instant = 0; instant < model.durationNs; instant++) {
    if (spans.some((span) => runs(model, span, instant))) running++;
  }
  const atLeast = (share: number) =>
    durations.find((_, index) => (index + 1) / durations.length >= share);
  expect(group).toMatchObject({
    count: spans.length,
    errors: spans.filter((span) => model.status[span] === 2).length,
    totalNs: durations.reduce((a, b) => a + b, 0),
    selfNs: spans.reduce((sum, span) => sum + at(model.selfTime, span), 0),
    runningNs: running,
    p50Ns: atLeast(0.5),
    p95Ns: atLeast(0.95),
    maxNs: durations.at(-1),
  });
  expect(model.duration[group.longest]).toBe(group.maxNs);
}
