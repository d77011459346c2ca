import type { ReactNode } from "react";
import { useActions, useTrace } from "./context";
import { FlameGraph } from "./flame/flame-graph";
import { useSeries } from "./series";

/** The flame graph on the page's selection, zoom and matches. */
export function FlameView(): ReactNode {
  const trace = useTrace((state) => state.trace);
  const zoom = useTrace((state) => state.view.zoom);
  const cursor = useTrace((state) => state.cursor);
  const bright = useTrace(({ matches }) => (matches.active ? matches.mask : null));
  const actions = useActions();
  const series = useSeries(trace.model);
  return (
    <FlameGraph
      model={trace.model}
      series={series}
      zoom={zoom ?? trace.whole}
      onZoom={actions.zoom}
      selected={cursor >= 0 && cursor < trace.model.count ? cursor : null}
      onSelect={(span, by) => (by === "click" ? actions.open(span) : actions.move(span))}
      path={trace.path}
      bright={bright}
    />
  );
}
