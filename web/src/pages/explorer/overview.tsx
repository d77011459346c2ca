/** Above the results: the charts, what differs in them, and what a click there does. */

import type { ReactNode } from "react";
import { useTimeRange } from "../../route/time";
import type { Bounds } from "../../route/time-text";
import { useUrlState } from "../../route/url";
import { useZone } from "../../shared/settings";
import { ExplorerCharts } from "./charts/explorer-charts";
import { Differs } from "./differs/differs";
import { withCondition } from "./query/edit";
import type { Region } from "./region";
import { differsCodec } from "./state";

interface OverviewProps {
  query: string;
  bounds: Bounds;
  region: Region | null;
  onRegion: (region: Region | null) => void;
  onQuery: (query: string) => void;
  /** Writes the region to the query and the time range. */
  onFilterTo: (region: Region) => void;
}

export function Overview(props: OverviewProps): ReactNode {
  const { query, bounds, region, onRegion, onQuery, onFilterTo } = props;
  const [, setRange] = useTimeRange();
  const [zone] = useZone();
  const [differs, setDiffers] = useUrlState(differsCodec);
  const zoom = (range: Bounds) => {
    onRegion(null);
    setRange({ kind: "between", ...range }, "push");
  };
  return (
    <>
      <ExplorerCharts
        query={query}
        range={bounds}
        zone={zone}
        selection={region}
        onSelect={onRegion}
        onZoom={zoom}
        onDiffers={() => setDiffers("1", "push")}
        onFilter={onFilterTo}
      />
      {differs === "1" ? (
        <Differs
          query={query}
          range={bounds}
          region={region}
          onFilter={(condition, exclude) =>
            onQuery(withCondition(query, exclude ? `!(${condition})` : condition))
          }
          onClose={() => setDiffers("0", "push")}
        />
      ) : null}
    </>
  );
}
