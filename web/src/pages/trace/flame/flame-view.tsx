import type { ReactNode } from "react";
import { useActions, useTrace } from "../context";
import { useZoom } from "../minimap/use-zoom";
import { FlameGraph } from "./flame-graph";

/** The flame graph of the trace on the screen. */
export function FlameView(): ReactNode {
  const trace = useTrace((state) => state.trace);
  const matches = useTrace((state) => state.matches);
  const cursor = useTrace((state) => state.cursor);
  const [zoom, onZoom] = useZoom();
  const actions = useActions();
  const { model, path, series } = trace;
  return (
    <FlameGraph
      model={model}
      path={path}
      series={series}
      bright={matches.active ? matches.mask : null}
      zoom={zoom}
      onZoom={onZoom}
      // A missing parent can have the cursor, and is nothing that ran.
      selected={cursor >= 0 && cursor < model.count ? cursor : null}
      onSelect={(span, by) => (by === "click" ? actions.open(span) : actions.move(span))}
    />
  );
}
