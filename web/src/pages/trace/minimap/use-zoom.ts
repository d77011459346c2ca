import { isWhole, type OnZoom, wholeZoom, type Zoom } from "../../../trace/zoom";
import { useActions, useTrace } from "../context";

/** The zoom of the page, as the canvases take it. */
export function useZoom(): [Zoom, OnZoom] {
  const view = useTrace((state) => state.view.zoom);
  const durationNs = useTrace((state) => state.trace.model.durationNs);
  const actions = useActions();
  const whole = wholeZoom(durationNs);
  // An address can name times that this trace does not have.
  const known = view !== null && view.start < whole.to;
  const zoom = known ? { from: view.start, to: Math.min(view.end, whole.to) } : whole;
  const onZoom: OnZoom = (next, how) => {
    const { from: start, to: end } = next;
    actions.change({ zoom: isWhole(next, durationNs) ? null : { start, end } }, how);
  };
  return [zoom, onZoom];
}
