import { isWhole, type Zoom } from "../../trace/zoom";
// What a reader can do to the trace on the screen. Each says whether the back button undoes it.

import { collapsedToLevel, hasRowsUnder, rowNear, toggled, withSubtree } from "../../trace/rows";
import { type Matches, nextMatch } from "../../trace/search";
import {
  type Found,
  placeOfId,
  type Trace,
  type TraceStore,
  withCursor,
  withFound,
  withRows,
  withTrace,
  withView,
} from "./store";
import type { Pill, TraceView } from "./url";

export type TraceActions = ReturnType<typeof traceActions>;

export function traceActions(store: TraceStore) {
  const { getState, setState } = store;

  function change(part: Partial<TraceView>, how: "push" | "replace" = "replace"): void {
    const state = getState();
    setState({ ...withView(state, { ...state.view, ...part }), how });
  }

  /** Puts the cursor on a row; the panel, if it is open, shows that span. */
  function move(node: number): void {
    const state = getState();
    const id = state.trace.model.ids[node];
    const follows = state.view.span !== null && id !== undefined && id !== state.view.span;
    const view = follows ? { ...state.view, span: id, event: null } : state.view;
    setState({ ...withCursor(state, node), view, how: "replace" });
  }

  /** Opens the panel for a span. */
  function open(span: number, event: number | null = null, how: "push" | "replace" = "replace") {
    const state = getState();
    const id = state.trace.model.ids[span];
    if (id === undefined) return;
    setState({ ...withCursor(state, span), view: { ...state.view, span: id, event }, how });
  }

  /** Moves by rows from the cursor. */
  function moveBy(rows: number): void {
    const state = getState();
    if (state.rows.length === 0) return;
    // A row that is hidden now goes on from what hides it.
    const from = rowNear(state.trace.tree, state.rows, state.cursor);
    const to = state.cursor < 0 ? 0 : Math.max(0, Math.min(from + rows, state.rows.length - 1));
    const node = state.rows[to];
    if (node !== undefined) move(node);
  }

  function setCollapsed(collapsed: Uint8Array): void {
    setState(withRows(getState(), { collapsed }));
  }

  function toggle(node: number): void {
    const { trace, collapsed } = getState();
    setCollapsed(toggled(trace.tree, collapsed, node));
  }

  /** Closes what is below the children of a node, or opens all of it. */
  function toggleBelow(node: number): void {
    const { trace, collapsed } = getState();
    const end = trace.tree.end[node] ?? 0;
    const first =
      node < trace.model.count
        ? node + 1
        : (trace.model.missing[node - trace.model.count]?.children[0] ?? end);
    const anyOpen = collapsed
      .subarray(first, end)
      .some((closed, index) => closed === 0 && hasRowsUnder(trace.tree, first + index));
    setCollapsed(withSubtree(trace.tree, collapsed, node, anyOpen));
  }

  /** Goes to the next of some places, forward or back, around the end. */
  function goAmong(among: Matches, forward: boolean): void {
    const { cursor } = getState();
    const next = nextMatch(among, cursor < 0 ? null : cursor, forward ? 1 : -1);
    if (next >= 0) move(next);
  }

  return {
    change,
    move,
    moveBy,
    open,
    toggle,
    toggleBelow,
    goAmong,

    /** The whole address has changed, by the back button or a link. */
    follow(view: TraceView): void {
      const state = getState();
      const next = { ...state, ...withView(state, view), how: "replace" as const };
      const place = view.span === null ? -1 : placeOfId(state.trace.model, view.span);
      setState(place >= 0 ? { ...next, ...withCursor(next, place), view } : next);
    },

    closePanel(): void {
      change({ span: null, event: null });
    },

    /** Closes the row, or goes to the one above it; as in every tree. */
    left(): void {
      const { trace, cursor, collapsed } = getState();
      if (cursor < 0) return;
      const above = trace.tree.parent[cursor] ?? -1;
      if (hasRowsUnder(trace.tree, cursor) && collapsed[cursor] !== 1) toggle(cursor);
      else if (above >= 0) move(above);
    },

    /** Opens the row, or goes to the first below it. */
    right(): void {
      const { trace, cursor, collapsed } = getState();
      if (cursor < 0 || !hasRowsUnder(trace.tree, cursor)) return;
      if (collapsed[cursor] === 1) toggle(cursor);
      else moveBy(1);
    },

    edge(last: boolean): void {
      const node = getState().rows.at(last ? -1 : 0);
      if (node !== undefined) move(node);
    },

    /** Rows down to a level, all for null; whatever was opened and closed by hand. */
    setLevel(level: number | null): void {
      const state = getState();
      const collapsed = collapsedToLevel(state.trace.tree, level ?? Number.POSITIVE_INFINITY);
      const view = level === state.view.level ? state.view : { ...state.view, level };
      setState({ ...withRows(state, { collapsed }), view, how: "replace" });
    },

    nextMatch(forward: boolean): void {
      goAmong(getState().matches, forward);
    },

    togglePill(pill: Pill): void {
      const { pills } = getState().view;
      const without = pills.filter((one) => one !== pill);
      change({ pills: without.length < pills.length ? without : [...pills, pill] });
    },

    /** All of the trace is no zoom. */
    zoom(zoom: Zoom | null, how: "push" | "replace" = "replace"): void {
      const { durationNs } = getState().trace.model;
      change({ zoom: zoom !== null && isWhole(zoom, durationNs) ? null : zoom }, how);
    },

    found(found: Found): void {
      setState(withFound(getState(), found));
    },

    setTrace(trace: Trace): void {
      setState(withTrace(getState(), trace));
    },
  };
}
