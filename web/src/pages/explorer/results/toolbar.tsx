import { ArrowUp, Filter, X } from "lucide-react";
import type { ReactNode } from "react";
import type { TraceRow } from "../../../api/convert-search";
import type { Bounds } from "../../../route/time-text";
import { formatClock, formatCount, formatDuration, type Zone } from "../../../shared/format";
import { useZone } from "../../../shared/settings";
import { useShortcut } from "../../../shared/shortcuts";
import { Button, IconButton } from "../../../shared/ui/button";
import { Segments } from "../../../shared/ui/segments";
import type { Region } from "../region";
import { ColumnsMenu } from "./columns-menu";
import styles from "./results.module.css";

interface ToolbarProps {
  view: "traces" | "spans";
  onView: (view: "traces" | "spans") => void;
  traces: readonly TraceRow[];
  isLoading: boolean;
  /** All of the range were found. */
  isWhole: boolean;
  region: Region | null;
  onRegion: (region: Region | null) => void;
  onFilterToRegion: () => void;
  newer: { count: number; more: boolean } | null;
  onNewer: () => void;
  columns: readonly string[];
  onColumns: (columns: readonly string[]) => void;
  ago: boolean;
  onAgo: (ago: boolean) => void;
  bounds: Bounds;
}

const VIEWS = [
  ["traces", "Traces"],
  ["spans", "Spans"],
] as const;

export function Toolbar(props: ToolbarProps): ReactNode {
  const { view, traces, region, newer } = props;
  const [zone] = useZone();
  useShortcut("n", "Show new traces", "Results", props.onNewer, newer !== null);
  const count =
    view === "traces" ? traces.length : traces.reduce((sum, { spans }) => sum + spans.length, 0);
  const noun = view === "traces" ? "trace" : "span";
  return (
    <div className={styles.toolbar}>
      <Segments label="Show" value={view} onChange={props.onView} choices={VIEWS} />
      <span className={styles.count} role="status">
        {props.isLoading
          ? ""
          : `${formatCount(count)} ${count === 1 ? noun : `${noun}s`}${props.isWhole ? "" : " loaded"}`}
      </span>
      {region === null ? null : (
        <span className={styles.region}>
          {regionText(region, zone)}
          <Button small look="quiet" onClick={props.onFilterToRegion}>
            <Filter size={12} />
            Filter to this
          </Button>
          <IconButton small label="Forget the selection" onClick={() => props.onRegion(null)}>
            <X size={14} />
          </IconButton>
        </span>
      )}
      <span className={styles.spring} />
      <span role="status">
        {newer === null ? null : (
          <Button small look="primary" onClick={props.onNewer}>
            <ArrowUp size={13} />
            {formatCount(newer.count)}
            {newer.more ? "+" : ""} new
          </Button>
        )}
      </span>
      <ColumnsMenu
        view={view}
        shown={props.columns}
        onShown={props.onColumns}
        ago={props.ago}
        onAgo={props.onAgo}
        bounds={props.bounds}
      />
    </div>
  );
}

/** `04:00:05 – 04:00:10, 100 ms – 2 s, errors` */
function regionText({ startNs, endNs, minNs, maxNs, status }: Region, zone: Zone): string {
  const parts = [`${formatClock(startNs, zone, "second")} – ${formatClock(endNs, zone, "second")}`];
  if (minNs !== undefined && maxNs !== undefined) {
    parts.push(`${formatDuration(minNs)} – ${formatDuration(maxNs)}`);
  } else if (minNs !== undefined) {
    parts.push(`from ${formatDuration(minNs)}`);
  } else if (maxNs !== undefined) {
    parts.push(`up to ${formatDuration(maxNs)}`);
  }
  if (status !== undefined) parts.push("errors");
  return parts.join(", ");
}
