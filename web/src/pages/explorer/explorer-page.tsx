import { ListFilter, X } from "lucide-react";
import { lazy, type ReactNode, Suspense, useCallback, useRef, useState } from "react";
import { useBounds } from "../../route/time";
import { useUrlState } from "../../route/url";
import { formatClock, formatDuration } from "../../shared/format";
import { useZone } from "../../shared/settings";
import { IconButton } from "../../shared/ui/button";
import { Page } from "../../shell/page";
import { TimeControls } from "../../shell/time-controls";
import { withColumns, withRegion } from "./asked";
import styles from "./explorer-page.module.css";
import { type ExplorerState, explorerCodec } from "./explorer-url";
import { Filters } from "./filters/filters";
import { type Region, regionCodec } from "./region";
import { Results } from "./results/results";

const Overview = lazy(async () => ({ default: (await import("./overview")).Overview }));

export function ExplorerPage(): ReactNode {
  const [state, setState] = useUrlState(explorerCodec);
  const [region, setRegion] = useUrlState(regionCodec);
  const bounds = useBounds();
  const main = useRef<HTMLDivElement>(null);
  const change = useCallback(
    (part: Partial<ExplorerState>, how: "push" | "replace") =>
      setState((current) => ({ ...current, ...part }), how),
    [setState],
  );
  const [filtersOpen, setFiltersOpen] = useState(() => window.innerWidth >= 900);
  const narrowed = region ? { startNs: region.startNs, endNs: region.endNs } : bounds;
  const query = withRegion(state.query, region);
  const asked = state.view === "spans" ? withColumns(query, state.columns) : query;
  return (
    <Page title="Trace Explorer" aside={<TimeControls />}>
      <div className={styles.page}>
        {filtersOpen ? (
          <aside className={styles.filters} aria-label="Filters">
            <Filters
              query={state.query}
              bounds={narrowed}
              onQuery={(next) => change({ query: next }, "push")}
            />
          </aside>
        ) : null}
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable */}
        <div ref={main} className={styles.main} tabIndex={0} role="region" aria-label="Results">
          <Suspense fallback={<div className={styles.charts} />}>
            <Overview
              query={state.query}
              bounds={bounds}
              region={region}
              onRegion={(next) => setRegion(next, "push")}
              onQuery={(next) => change({ query: next }, "push")}
            />
          </Suspense>
          <Results
            query={asked}
            state={state}
            onChange={change}
            bounds={narrowed}
            scroller={main}
            chips={
              region ? (
                <RegionChip region={region} onRemove={() => setRegion(null, "push")} />
              ) : null
            }
            before={
              <IconButton
                small
                label={filtersOpen ? "Hide the filters" : "Show the filters"}
                aria-expanded={filtersOpen}
                onClick={() => setFiltersOpen(!filtersOpen)}
              >
                <ListFilter size={15} />
              </IconButton>
            }
          />
        </div>
      </div>
    </Page>
  );
}

function RegionChip({ region, onRemove }: { region: Region; onRemove: () => void }): ReactNode {
  const [zone] = useZone();
  const { startNs, endNs, minNs, maxNs, status } = region;
  const durations =
    minNs === undefined && maxNs === undefined
      ? ""
      : `, ${minNs === undefined ? "0" : formatDuration(minNs)} to ${maxNs === undefined ? "∞" : formatDuration(maxNs)}`;
  return (
    <span className={styles.chip}>
      {formatClock(startNs, zone, "second")} – {formatClock(endNs, zone, "second")}
      {durations}
      {status ? ", errors" : ""}
      <IconButton small label="Remove the region" onClick={onRemove}>
        <X size={13} />
      </IconButton>
    </span>
  );
}
