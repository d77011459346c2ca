import { useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { copyText } from "../../shared/clipboard";
import { useShortcut } from "../../shared/shortcuts";
import { zoomAround, zoomMoved } from "../../trace/zoom";
import { useActions, useTrace, useTraceStore } from "./context";

const GROUP = "Trace";
const PAGE_ROWS = 20;

/** The keys of the trace page. */
export function TraceShortcuts(): ReactNode {
  const rows = useTrace((state) => state.view.view === "waterfall");
  const panel = useTrace((state) => state.view.span !== null);
  const active = useTrace((state) => state.matches.active);
  const queries = useQueryClient();
  const store = useTraceStore();
  const actions = useActions();
  const { moveBy, left, right, edge, nextMatch, goAmong, togglePill } = actions;

  useShortcut("j", "Next row", GROUP, () => moveBy(1), rows);
  useShortcut("k", "Row before", GROUP, () => moveBy(-1), rows);
  useShortcut("ArrowDown", "Next row", GROUP, () => moveBy(1), rows);
  useShortcut("ArrowUp", "Row before", GROUP, () => moveBy(-1), rows);
  useShortcut("PageDown", "Twenty rows down", GROUP, () => moveBy(PAGE_ROWS), rows);
  useShortcut("PageUp", "Twenty rows up", GROUP, () => moveBy(-PAGE_ROWS), rows);
  useShortcut("Home", "First row", GROUP, () => edge(false), rows);
  useShortcut("End", "Last row", GROUP, () => edge(true), rows);
  useShortcut("h", "Close the row, or go to its parent", GROUP, left, rows);
  useShortcut("l", "Open the row, or go to its first child", GROUP, right, rows);
  useShortcut("ArrowLeft", "Close the row, or go to its parent", GROUP, left, rows);
  useShortcut("ArrowRight", "Open the row, or go to its first child", GROUP, right, rows);
  useShortcut("[", "Close all rows", GROUP, () => actions.setLevel(0), rows);
  useShortcut("]", "Open all rows", GROUP, () => actions.setLevel(null), rows);
  useShortcut("Enter", "Show the span", GROUP, () => {
    const { cursor, trace } = store.getState();
    if (cursor >= 0 && cursor < trace.model.count) actions.open(cursor);
  });
  useShortcut("Escape", "Close the panel", GROUP, actions.closePanel, panel);
  useShortcut("n", "Next match", GROUP, () => nextMatch(true), active);
  useShortcut("N", "Match before", GROUP, () => nextMatch(false), active);
  useShortcut("e", "Next error", GROUP, () => goAmong(store.getState().trace.errors, true));
  useShortcut("E", "Error before", GROUP, () => goAmong(store.getState().trace.errors, false));
  useShortcut("c", "Critical path only", GROUP, () => togglePill("critical"));
  useShortcut("r", "Load the trace again", GROUP, () => {
    const { traceId } = store.getState().trace.model;
    void queries.invalidateQueries({ queryKey: ["trace", traceId] });
  });
  useShortcut("y", "Copy the trace id", GROUP, () => {
    void copyText(store.getState().trace.model.traceId);
  });

  const zoom = (factor: number) => {
    const { view, trace } = store.getState();
    const now = view.zoom ?? trace.whole;
    const middle = (now.from + now.to) / 2;
    actions.zoom(zoomAround(now, factor, middle, trace.model.durationNs));
  };
  const pan = (share: number) => {
    const { view, trace } = store.getState();
    if (view.zoom === null) return;
    const by = share * (view.zoom.to - view.zoom.from);
    actions.zoom(zoomMoved(view.zoom, by, trace.model.durationNs));
  };
  useShortcut("+", "Zoom in", GROUP, () => zoom(0.5));
  useShortcut("-", "Zoom out", GROUP, () => zoom(2));
  useShortcut("0", "Show the whole trace", GROUP, () => actions.zoom(null));
  useShortcut("shift+ArrowLeft", "Earlier", GROUP, () => pan(-0.25));
  useShortcut("shift+ArrowRight", "Later", GROUP, () => pan(0.25));
  return null;
}
