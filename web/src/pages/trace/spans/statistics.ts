// Spans added up by operation or by service.

import { Status, type TraceModel } from "../../../trace/model";

export interface Statistics {
  /** Index into the model's services. */
  service: number;
  /** Index into its names; -1 for a whole service. */
  name: number;
  count: number;
  errors: number;
  total: number;
  self: number;
  median: number;
  p95: number;
  longest: number;
  /** Place of the span that took longest, the first of several. */
  longestAt: number;
}

export const COLUMNS = ["count", "errors", "total", "self", "median", "p95", "longest"] as const;
export type Column = (typeof COLUMNS)[number];

/** One entry for each operation, which is a service and a name, or for each service. */
export function statistics(model: TraceModel, by: "operation" | "service"): Statistics[] {
  const places = new Map<number, number>();
  const group = new Uint32Array(model.count);
  const list: Statistics[] = [];
  for (let at = 0; at < model.count; at++) {
    const service = model.service[at] ?? 0;
    const name = by === "operation" ? (model.name[at] ?? 0) : -1;
    const key = service * (model.names.length + 1) + name;
    let place = places.get(key);
    if (place === undefined) {
      place = list.push(empty(service, name)) - 1;
      places.set(key, place);
    }
    group[at] = place;
    add(list[place] as Statistics, model, at);
  }
  quantiles(model, group, list);
  return list;
}

function empty(service: number, name: number): Statistics {
  return {
    service,
    name,
    count: 0,
    errors: 0,
    total: 0,
    self: 0,
    median: 0,
    p95: 0,
    longest: -1,
    longestAt: -1,
  };
}

function add(to: Statistics, model: TraceModel, at: number): void {
  const duration = model.duration[at] ?? 0;
  to.count++;
  if (model.status[at] === Status.error) to.errors++;
  to.total += duration;
  to.self += model.selfTime[at] ?? 0;
  if (duration > to.longest) {
    to.longest = duration;
    to.longestAt = at;
  }
}

/** Nearest rank, so each is the duration of a span that is there. */
function quantiles(model: TraceModel, group: Uint32Array, list: Statistics[]): void {
  const starts = new Uint32Array(list.length + 1);
  list.forEach((one, index) => {
    starts[index + 1] = (starts[index] ?? 0) + one.count;
  });
  const next = starts.slice();
  const durations = new Float64Array(model.count);
  for (let at = 0; at < model.count; at++) {
    const index = group[at] ?? 0;
    const place = next[index] ?? 0;
    durations[place] = model.duration[at] ?? 0;
    next[index] = place + 1;
  }
  list.forEach((one, index) => {
    const sorted = durations.subarray(starts[index], starts[index + 1]).sort();
    one.median = sorted[Math.ceil(0.5 * one.count) - 1] ?? 0;
    one.p95 = sorted[Math.ceil(0.95 * one.count) - 1] ?? 0;
  });
}

/** Largest first, unless `ascending`; equal ones stay in the order of the trace. */
export function sortStatistics(
  list: readonly Statistics[],
  column: Column,
  ascending: boolean,
): Statistics[] {
  const sign = ascending ? 1 : -1;
  return [...list].sort((a, b) => sign * (a[column] - b[column]));
}

/** How much of all self time each service has, the most first. */
export function shares(model: TraceModel): { service: number; share: number; spans: number }[] {
  const self = new Float64Array(model.services.length);
  const spans = new Uint32Array(model.services.length);
  let all = 0;
  for (let at = 0; at < model.count; at++) {
    const service = model.service[at] ?? 0;
    const time = model.selfTime[at] ?? 0;
    self[service] = (self[service] ?? 0) + time;
    spans[service] = (spans[service] ?? 0) + 1;
    all += time;
  }
  return model.services
    .map((_, service) => ({
      service,
      share: all > 0 ? (self[service] ?? 0) / all : 0,
      spans: spans[service] ?? 0,
    }))
    .filter(({ spans: some }) => some > 0)
    .sort((a, b) => b.share - a.share || b.spans - a.spans);
}
