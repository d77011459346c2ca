import { Clock3, RefreshCw, Unlink } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { Link } from "react-router";
import { useNewerSkeleton } from "../../../api/queries-trace";
import { tracePath } from "../../../route/paths";
import { formatDuration, formatExact } from "../../../shared/format";
import { Button } from "../../../shared/ui/button";
import { Switch } from "../../../shared/ui/switch";
import { at, type TraceModel } from "../../../trace/model";
import type { Skew } from "../../../trace/skew";
import { useActions, useTrace } from "../context";
import { shownService } from "../words";
import styles from "./notes.module.css";

/** What is not as it should be with the trace as a whole. */
export function Notes({ stored, skew }: { stored: TraceModel; skew: Skew }): ReactNode {
  return (
    <>
      <Newer stored={stored} />
      <Missing stored={stored} />
      <Skewed stored={stored} skew={skew} />
      <EventsCut stored={stored} />
    </>
  );
}

function Missing({ stored }: { stored: TraceModel }): ReactNode {
  const actions = useActions();
  const { missing, count } = stored;
  if (missing.length === 0) return null;
  const children = missing.reduce((sum, parent) => sum + parent.children.length, 0);
  return (
    <p className={styles.note}>
      <Unlink size={14} />
      <span>
        {missing.length === 1
          ? "A parent was never received"
          : `${formatExact(missing.length)} parents were never received`}
        : {formatExact(children)} {children === 1 ? "span names it" : "spans name them"}.{" "}
        <button type="button" className={styles.link} onClick={() => actions.move(count)}>
          Show where
        </button>{" "}
        · <Link to={tracePath(stored.traceId, "why=1")}>Why?</Link>
      </span>
    </p>
  );
}

/** Clocks of healthy hosts are no better than this. */
const LEAST_SHIFT_NS = 1e6;

function Skewed({ stored, skew }: { stored: TraceModel; skew: Skew }): ReactNode {
  const right = useTrace((state) => state.view.corrected);
  const actions = useActions();
  const notes = skew.notes.filter(({ shift }) => Math.abs(shift) >= LEAST_SHIFT_NS);
  const [first] = notes.sort((a, b) => Math.abs(b.shift) - Math.abs(a.shift));
  if (first === undefined) return null;
  const service = shownService(stored.services[at(stored.service, first.span)] ?? "");
  const more = notes.length - 1;
  return (
    <p className={styles.note}>
      <Clock3 size={14} />
      <span>
        The clock of {service}
        {more > 0 ? `, as of ${formatExact(more)} more calls,` : ""} seems to be wrong by{" "}
        {formatDuration(Math.abs(first.shift))}:{" "}
        {first.reason === "early"
          ? "it served a call before it was made."
          : "it answered a call after it was over."}{" "}
        <button type="button" className={styles.link} onClick={() => actions.move(first.span)}>
          Show where
        </button>
      </span>
      <Switch
        label="Correct times"
        checked={right}
        onChange={(checked) => actions.change({ corrected: checked })}
      />
    </p>
  );
}

function EventsCut({ stored }: { stored: TraceModel }): ReactNode {
  if (stored.event.complete || stored.event.span.length === 0) return null;
  return (
    <p className={styles.note}>
      <span>
        Only the first {formatExact(stored.event.span.length)} events have a dot; each span’s panel
        has all of its own.
      </span>
    </p>
  );
}

/** Spans may still come for so long after the last one. */
const YOUNG_NS = 60e9;
const EVERY_MS = 4000;
/** A larger one would be asked for only when somebody wants it. */
const MOST_SPANS = 20_000;

function Newer({ stored }: { stored: TraceModel }): ReactNode {
  const young = useYoung(stored);
  const { newer, show } = useNewerSkeleton(stored, EVERY_MS, young && stored.count <= MOST_SPANS);
  if (newer === null) return null;
  const more = newer.count - stored.count;
  return (
    <p className={styles.note} role="status">
      <RefreshCw size={14} />
      <span>
        {formatExact(more)} new {more === 1 ? "span has" : "spans have"} come in.
      </span>
      <Button small onClick={show}>
        Show
      </Button>
    </p>
  );
}

/** Whether spans may still come; in the background of a page that stays open it ends. */
function useYoung(model: TraceModel): boolean {
  const untilMs = Number(model.startNs / 1_000_000n) + (model.durationNs + YOUNG_NS) / 1e6;
  const [young, setYoung] = useState(() => untilMs > Date.now());
  useEffect(() => {
    const left = untilMs - Date.now();
    setYoung(left > 0);
    if (left <= 0) return;
    const timer = setTimeout(() => setYoung(false), left);
    return () => clearTimeout(timer);
  }, [untilMs]);
  return young;
}
