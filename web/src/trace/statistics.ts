/** A trace by operation and by service: how many, how slow, how much of the time. */

import { at, endOf, placesBy, Status, type TraceModel } from "./model";

export interface GroupStatistics {
  /** Indexes into the model's services and names; -1: the group is of all names. */
  service: number;
  name: number;
  count: number;
  errors: number;
  totalNs: number;
  selfNs: number;
  /** While at least one of its spans ran, however many did. */
  runningNs: number;
  /** Nearest rank: durations that occur. */
  p50Ns: number;
  p95Ns: number;
  maxNs: number;
  /** `runningNs` of the trace's duration, and `selfNs` of the self time of all spans; 0 to 1. */
  share: number;
  selfShare: number;
  /** The longest span. */
  longest: number;
}

export function byOperation(model: TraceModel): GroupStatistics[] {
  return statistics(
    model,
    (span) => at(model.service, span) * model.names.length + at(model.name, span),
  ).map(({ key, ...group }) => ({
    service: Math.floor(key / model.names.length),
    name: key % model.names.length,
    ...group,
  }));
}

export function byService(model: TraceModel): GroupStatistics[] {
  return statistics(model, (span) => at(model.service, span)).map(({ key, ...group }) => ({
    service: key,
    name: -1,
    ...group,
  }));
}

interface Keyed extends Omit<GroupStatistics, "service" | "name"> {
  key: number;
}

/** Groups by self time, the largest first. */
function statistics(model: TraceModel, keyOf: (span: number) => number): Keyed[] {
  const spans = new Map<number, number[]>();
  // By start, so that the time in which a group runs is one walk.
  for (const span of placesBy(model.start)) {
    const key = keyOf(span);
    const group = spans.get(key);
    if (group) group.push(span);
    else spans.set(key, [span]);
  }
  const allSelf = model.selfTime.reduce((one, other) => one + other, 0);
  return [...spans]
    .map(([key, group]) => summary(model, key, group, allSelf))
    .sort((a, b) => b.selfNs - a.selfNs || b.count - a.count || a.key - b.key);
}

function summary(model: TraceModel, key: number, spans: readonly number[], allSelf: number): Keyed {
  const durations = Float64Array.from(spans, (span) => at(model.duration, span)).sort();
  let errors = 0;
  let totalNs = 0;
  let selfNs = 0;
  let runningNs = 0;
  let reached = 0;
  let longest = at(spans, 0);
  for (const span of spans) {
    const end = endOf(model, span);
    if (model.status[span] === Status.error) errors++;
    totalNs += at(model.duration, span);
    selfNs += at(model.selfTime, span);
    runningNs += Math.max(0, end - Math.max(at(model.start, span), reached));
    reached = Math.max(reached, end);
    if (at(model.duration, span) > at(model.duration, longest)) longest = span;
  }
  return {
    key,
    count: spans.length,
    errors,
    totalNs,
    selfNs,
    runningNs,
    p50Ns: rank(durations, 0.5),
    p95Ns: rank(durations, 0.95),
    maxNs: at(durations, durations.length - 1),
    share: part(runningNs, model.durationNs),
    selfShare: part(selfNs, allSelf),
    longest,
  };
}

function rank(ascending: Float64Array, share: number): number {
  return at(ascending, Math.max(0, Math.ceil(ascending.length * share) - 1));
}

function part(one: number, all: number): number {
  return all > 0 ? one / all : 0;
}
