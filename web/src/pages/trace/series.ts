import { useMemo } from "react";
import { seriesIndex } from "../../shared/colour";
import type { TraceModel } from "../../trace/model";

/** Of each service of the trace its place in the palette, for what is painted. */
export function useSeries(model: TraceModel): Uint8Array {
  return useMemo(() => Uint8Array.from(model.services, seriesIndex), [model]);
}
