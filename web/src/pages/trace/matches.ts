// Which spans match what is searched for and the pills that are on.

import { Status, type TraceModel } from "../../trace/model";
import { fromMask, type Matches as Searched, searchSpans, withFound } from "../../trace/search";
import type { TraceView } from "./url";

export interface Matches extends Searched {
  /** Whether anything is asked for at all; if not, nothing is a match. */
  active: boolean;
}

/** What is known of a trace beside its columns. */
export interface Known {
  /** 1 for spans on the critical path. */
  critical: Uint8Array;
  /** 1 for the spans with the most self time. */
  slowest: Uint8Array;
}

type Asked = Pick<TraceView, "find" | "pills" | "service" | "operation">;

/** `found`: places at which the server found the text in attributes and events. */
export function matchesOf(
  model: TraceModel,
  known: Known,
  asked: Asked,
  found: readonly number[],
): Matches {
  const filters: Uint8Array[] = [];
  if (asked.find.trim() !== "") {
    filters.push(withFound(searchSpans(model, asked.find), found).mask);
  }
  if (asked.pills.includes("critical")) filters.push(known.critical);
  if (asked.pills.includes("slowest")) filters.push(known.slowest);
  if (asked.pills.includes("errors")) filters.push(marked(model, isError(model)));
  if (asked.service !== null) {
    const service = model.services.indexOf(asked.service);
    filters.push(marked(model, (at) => model.service[at] === service));
  }
  if (asked.operation !== null) {
    const name = model.names.indexOf(asked.operation);
    filters.push(marked(model, (at) => model.name[at] === name));
  }
  const active = filters.length > 0;
  const mask = marked(model, (at) => active && filters.every((filter) => filter[at] === 1));
  return { active, ...fromMask(mask) };
}

function isError(model: TraceModel): (at: number) => boolean {
  return (at) => model.status[at] === Status.error;
}

function marked(model: TraceModel, test: (at: number) => boolean): Uint8Array {
  const marks = new Uint8Array(model.count);
  for (let at = 0; at < model.count; at++) if (test(at)) marks[at] = 1;
  return marks;
}

const MOST_SLOWEST = 10;

/** Marks the few spans that took most time themselves. */
export function slowestOf(model: TraceModel): Uint8Array {
  const best: number[] = [];
  const self = (at: number | undefined) => model.selfTime[at ?? -1] ?? 0;
  for (let at = 0; at < model.count; at++) {
    if (self(at) <= 0) continue;
    if (best.length === MOST_SLOWEST && self(at) <= self(best.at(-1))) continue;
    const before = best.findIndex((other) => self(at) > self(other));
    best.splice(before < 0 ? best.length : before, 0, at);
    if (best.length > MOST_SLOWEST) best.pop();
  }
  const marks = new Uint8Array(model.count);
  for (const at of best) marks[at] = 1;
  return marks;
}
