import type { ReactNode } from "react";
import { serviceColour } from "../../../shared/colour";
import { formatDuration } from "../../../shared/format";
import { at, Flag, Status, type TraceModel } from "../../../trace/model";
import styles from "./flame.module.css";
import { nameOf, serviceOf, shareOf } from "./words";

interface FlameTipProps {
  model: TraceModel;
  span: number;
  x: number;
  y: number;
  /** Of the graph, so that it stays within. */
  width: number;
  height: number;
}

const WIDTH = 280;
const HEIGHT = 116;

/** What is under the pointer. Screen readers hear of the selected span instead. */
export function FlameTip({ model, span, x, y, width, height }: FlameTipProps): ReactNode {
  const left = Math.max(4, Math.min(x + 14, width - WIDTH - 8));
  const top = y + 18 + HEIGHT > height ? Math.max(4, y - HEIGHT - 8) : y + 18;
  const colour = serviceColour(model.services[at(model.service, span)] ?? "");
  return (
    <div className={styles.tip} style={{ left, top, maxWidth: WIDTH }} aria-hidden="true">
      <p className={styles.tipName}>{nameOf(model, span)}</p>
      <p className={styles.tipService}>
        <span className={styles.swatch} style={{ background: colour }} />
        {serviceOf(model, span)}
        {at(model.status, span) === Status.error ? (
          <span className={styles.tipError}>Error</span>
        ) : null}
      </p>
      <dl className={styles.tipFacts}>
        <dt>Duration</dt>
        <dd>
          {formatDuration(at(model.duration, span))} · {shareOf(model, span)} of the trace
        </dd>
        <dt>Self time</dt>
        <dd>{formatDuration(at(model.selfTime, span))}</dd>
        <dt>Starts at</dt>
        <dd>{formatDuration(at(model.start, span))}</dd>
      </dl>
      {(at(model.flags, span) & Flag.parentMissing) === 0 ? null : (
        <p className={styles.tipNote}>Its parent was never received.</p>
      )}
    </div>
  );
}
