// Which spans match what is searched for and the pills that are on.

import { Status, type TraceModel } from "../../trace/model";
import type { TraceView } from "./url";

export interface Matches {
  /** Whether anything is asked for at all. */
  active: boolean;
  /** 1 for each span that matches; all 0 when nothing is asked for. */
  marks: Uint8Array;
  /** Their places in order. */
  places: Uint32Array;
}

export const NO_MATCHES: Matches = {
  active: false,
  marks: new Uint8Array(0),
  places: new Uint32Array(0),
};

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
  const text = asked.find.trim().toLowerCase();
  const filters: Uint8Array[] = [];
  if (text !== "") filters.push(withText(model, text, found));
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
  if (filters.length === 0) return { ...NO_MATCHES, marks: new Uint8Array(model.count) };
  const marks = marked(model, (at) => filters.every((filter) => filter[at] === 1));
  return { active: true, marks, places: placesOf(marks) };
}

/** In the name, the service or the id, or where the server found it. */
function withText(model: TraceModel, text: string, found: readonly number[]): Uint8Array {
  const names = model.names.map((name) => name.toLowerCase().includes(text));
  const services = model.services.map((service) => service.toLowerCase().includes(text));
  const asId = /^[0-9a-f]{4,16}$/.test(text);
  const marks = marked(
    model,
    (at) =>
      names[model.name[at] ?? 0] === true ||
      services[model.service[at] ?? 0] === true ||
      (asId && (model.ids[at] ?? "").includes(text)),
  );
  for (const at of found) if (at < model.count) marks[at] = 1;
  return marks;
}

function isError(model: TraceModel): (at: number) => boolean {
  return (at) => model.status[at] === Status.error;
}

function marked(model: TraceModel, test: (at: number) => boolean): Uint8Array {
  const marks = new Uint8Array(model.count);
  for (let at = 0; at < model.count; at++) if (test(at)) marks[at] = 1;
  return marks;
}

function placesOf(marks: Uint8Array): Uint32Array {
  let count = 0;
  for (const mark of marks) count += mark;
  const places = new Uint32Array(count);
  let next = 0;
  for (let at = 0; at < marks.length; at++) if (marks[at] === 1) places[next++] = at;
  return places;
}

/** The next place after `from` in the order, or before it; around the end. -1 if there is none. */
export function step(places: Uint32Array, from: number, forward: boolean): number {
  if (places.length === 0) return -1;
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const smaller = forward ? (places[middle] ?? 0) <= from : (places[middle] ?? 0) < from;
    if (smaller) low = middle + 1;
    else high = middle;
  }
  const index = forward ? low % places.length : (low - 1 + places.length) % places.length;
  return places[index] ?? -1;
}

/** Which match a place is, from 1; 0 if it is none. */
export function ordinal(places: Uint32Array, place: number): number {
  let low = 0;
  let high = places.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const there = places[middle] ?? 0;
    if (there === place) return middle + 1;
    if (there < place) low = middle + 1;
    else high = middle - 1;
  }
  return 0;
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
