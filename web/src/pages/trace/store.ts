import { wholeZoom, type Zoom, zoomWithin } from "../../trace/zoom";
// The state of one trace on the screen: rows, selection, zoom, what matches. Components select what
// they draw, so that a step down costs two rows and not the page. The address is written from it.

import { createStore, type StoreApi } from "zustand/vanilla";
import { type CriticalPath, criticalPath } from "../../trace/critical-path";
import { at, Status, type TraceModel } from "../../trace/model";
import {
  type Collapsed,
  collapsedToLevel,
  filterRows,
  hasRowsUnder,
  type Outline,
  outline,
  revealed,
  rowOf,
  type Shown,
  visibleRows,
} from "../../trace/rows";
import { fromMask, type Matches as Searched } from "../../trace/search";
import { byService, type GroupStatistics } from "../../trace/statistics";
import { type Known, type Matches, matchesOf, slowestOf } from "./matches";
import type { TraceView } from "./url";

/** What follows from a model and nothing else. */
export interface Trace extends Known {
  model: TraceModel;
  tree: Outline;
  /** Among how many children of its parent a span is, and which, from 1. */
  siblings: Siblings;
  /** Its services, those with most self time first. */
  services: GroupStatistics[];
  /** Spans with an error. */
  errors: Searched;
  /** All of its time. */
  whole: Zoom;
  path: CriticalPath;
}

/** From and to, in nanoseconds from the trace's start. */
export type Stretch = readonly [number, number];

export interface Siblings {
  count: Uint32Array;
  place: Uint32Array;
}

/** What the server found beside names: places of spans, for this text. */
export interface Found {
  text: string;
  places: readonly number[];
  /** False: there may be more. */
  complete: boolean;
}

export interface TraceState {
  trace: Trace;
  view: TraceView;
  /** How the last change of the view is written to the address. */
  how: "push" | "replace";
  /** The row that has the keyboard: a span or a missing parent; -1 before there is one. */
  cursor: number;
  found: Found | null;
  matches: Matches;
  shown: Shown;
  collapsed: Collapsed;
  rows: Uint32Array;
}

export type TraceStore = StoreApi<TraceState>;

export function createTraceStore(trace: Trace, view: TraceView): TraceStore {
  return createStore<TraceState>(() => stateOf(trace, view, null));
}

/** Everything anew, as after loading. */
export function stateOf(trace: Trace, asked: TraceView, found: Found | null): TraceState {
  const { model, tree } = trace;
  // An address may be of another clock, or somebody's own invention.
  const view = { ...asked, zoom: zoomWithin(asked.zoom, model.durationNs) };
  const cursor = view.span === null ? -1 : placeOfId(model, view.span);
  const matches = matchesOf(model, trace, view, foundFor(found, view));
  const shown = shownFor(model, matches, view);
  const closed = collapsedToLevel(tree, view.level ?? Number.POSITIVE_INFINITY);
  const collapsed = cursor >= 0 ? revealed(tree, closed, cursor) : closed;
  const rows = visibleRows(tree, shown, collapsed);
  return { trace, view, how: "replace", cursor, found, matches, shown, collapsed, rows };
}

/** What changes with another view: only that is computed again. */
export function withView(state: TraceState, view: TraceView): Partial<TraceState> {
  const { trace } = state;
  const before = state.view;
  const change: Partial<TraceState> = { view };
  const asked =
    view.find !== before.find ||
    view.pills !== before.pills ||
    view.service !== before.service ||
    view.operation !== before.operation;
  if (asked) {
    change.matches = matchesOf(trace.model, trace, view, foundFor(state.found, view));
  }
  if (asked || view.only !== before.only) {
    change.shown = shownFor(trace.model, change.matches ?? state.matches, view);
  }
  if (view.level !== before.level) {
    change.collapsed = collapsedToLevel(trace.tree, view.level ?? Number.POSITIVE_INFINITY);
  }
  return withRows(state, change);
}

/** With rows, if what they follow from has changed. */
export function withRows(state: TraceState, change: Partial<TraceState>): Partial<TraceState> {
  const { shown = state.shown, collapsed = state.collapsed } = change;
  if (shown === state.shown && collapsed === state.collapsed) return change;
  return { ...change, rows: visibleRows(state.trace.tree, shown, collapsed) };
}

/** With the answer of the server's search, if it is still what is searched for. */
export function withFound(state: TraceState, found: Found): Partial<TraceState> {
  if (found.text !== state.view.find.trim()) return {};
  const { trace, view } = state;
  const matches = matchesOf(trace.model, trace, view, found.places);
  const shown = view.only ? shownFor(trace.model, matches, view) : state.shown;
  return withRows(state, { found, matches, shown });
}

/** The same view of another model of the trace: corrected times, or more spans. */
export function withTrace(state: TraceState, trace: Trace): TraceState {
  const { cursor, collapsed, trace: before } = state;
  if (trace.model.count === before.model.count) {
    const next = stateOf(trace, state.view, state.found);
    return { ...next, cursor, collapsed, rows: visibleRows(trace.tree, next.shown, collapsed) };
  }
  // Places are other spans now: what is known of them goes by their ids.
  const next = stateOf(trace, state.view, null);
  const closed = new Set<string>();
  collapsed.forEach((one, node) => {
    if (one === 1) closed.add(idAt(before, node));
  });
  const kept = next.collapsed.map((_, node) =>
    closed.has(idAt(trace, node)) && hasRowsUnder(trace.tree, node) ? 1 : 0,
  );
  const place = cursor < 0 ? -1 : placeOfId(trace.model, idAt(before, cursor));
  const moved = { ...next, collapsed: kept, rows: visibleRows(trace.tree, next.shown, kept) };
  return { ...moved, ...withCursor(moved, place) };
}

/** The id of a span, or the one of a parent that is missing. */
function idAt({ model }: Trace, node: number): string {
  return model.ids[node] ?? model.missing[node - model.count]?.spanId ?? "";
}

function foundFor(found: Found | null, view: TraceView): readonly number[] {
  return found !== null && found.text === view.find.trim() ? found.places : [];
}

function shownFor(model: TraceModel, matches: Matches, view: TraceView): Shown {
  return filterRows(model, view.only && matches.active ? { among: [matches.mask] } : {});
}

/** The first span with the id; -1 if none has it. */
export function placeOfId(model: TraceModel, id: string): number {
  return model.ids.indexOf(id);
}

/** With the cursor on a span, and what hides it open. */
export function withCursor(state: TraceState, cursor: number): Partial<TraceState> {
  if (cursor < 0 || rowOf(state.trace.tree, state.rows, cursor) >= 0) return { cursor };
  const collapsed = revealed(state.trace.tree, state.collapsed, cursor);
  return withRows(state, { cursor, collapsed });
}

export function traceOf(model: TraceModel): Trace {
  const path = criticalPath(model);
  const services = byService(model);
  const failed = new Uint8Array(model.count);
  for (let span = 0; span < model.count; span++) {
    if (model.status[span] === Status.error) failed[span] = 1;
  }
  return {
    model,
    tree: outline(model),
    siblings: siblingsOf(model),
    services,
    errors: fromMask(failed),
    whole: wholeZoom(model.durationNs),
    path,
    critical: path.on,
    slowest: slowestOf(model),
  };
}

function siblingsOf(model: TraceModel): Siblings {
  const children = new Uint32Array(model.count + 1);
  const place = new Uint32Array(model.count);
  for (let span = 0; span < model.count; span++) {
    const above = at(model.parent, span) + 1;
    const next = at(children, above) + 1;
    children[above] = next;
    place[span] = next;
  }
  const count = place.map((_, span) => at(children, at(model.parent, span) + 1));
  return { count, place };
}
