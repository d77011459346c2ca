import type { ReactNode } from "react";
import { useTrace } from "../context";
import { Minimap } from "./minimap";
import { useZoom } from "./use-zoom";

/** The minimap of the trace on the screen. */
export function MinimapBar(): ReactNode {
  const trace = useTrace((state) => state.trace);
  const only = useTrace((state) => state.view.only && state.matches.active);
  const mask = useTrace((state) => state.shown.mask);
  const [zoom, onZoom] = useZoom();
  return (
    <Minimap
      model={trace.model}
      series={trace.series}
      zoom={zoom}
      onZoom={onZoom}
      mask={only ? mask : undefined}
    />
  );
}
