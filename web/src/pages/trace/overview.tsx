import type { ReactNode } from "react";
import { useActions, useTrace } from "./context";
import { Minimap } from "./minimap/minimap";
import { useSeries } from "./series";
import styles from "./views.module.css";

/** The whole trace in small, above waterfall and flame graph. */
export function Overview(): ReactNode {
  const trace = useTrace((state) => state.trace);
  const zoom = useTrace((state) => state.view.zoom);
  const mask = useTrace(({ view, matches, shown }) =>
    view.only && matches.active ? shown.mask : undefined,
  );
  const actions = useActions();
  const series = useSeries(trace.model);
  return (
    <div className={styles.overview}>
      <Minimap
        model={trace.model}
        series={series}
        zoom={zoom ?? trace.whole}
        onZoom={actions.zoom}
        mask={mask}
      />
    </div>
  );
}
