/** Cells that rows of traces and of spans share. */

import { Unlink } from "lucide-react";
import type { ReactNode } from "react";
import type { ServicePart } from "../../../api/convert-search";
import { serviceColour } from "../../../shared/colour";
import {
  formatClock,
  formatCount,
  formatDay,
  formatDuration,
  type Zone,
} from "../../../shared/format";
import { Badge } from "../../../shared/ui/badge";
import styles from "./results.module.css";

const MOST_CHIPS = 6;

/** Within a day only the clock; the whole time is the title. */
export function TimeCell({
  ns,
  zone,
  withDay,
}: {
  ns: bigint;
  zone: Zone;
  withDay: boolean;
}): ReactNode {
  const day = formatDay(ns, zone);
  return (
    <span role="cell" className={styles.time} title={`${day} ${formatClock(ns, zone, "nano")}`}>
      {withDay ? `${day.slice(5)} ${formatClock(ns, zone, "minute")}` : formatClock(ns, zone)}
    </span>
  );
}

export function Swatch({ service }: { service: string }): ReactNode {
  return <span className={styles.swatch} style={{ background: serviceColour(service) }} />;
}

interface DurationCellProps {
  ns: number;
  /** Of the slowest that is loaded. */
  ofNs: number;
  isError: boolean;
}

export function DurationCell({ ns, ofNs, isError }: DurationCellProps): ReactNode {
  const width = `${ofNs > 0 ? (100 * ns) / ofNs : 0}%`;
  return (
    <span role="cell" className={styles.duration}>
      <span>{formatDuration(ns)}</span>
      <span className={styles.track} aria-hidden="true">
        <span
          className={styles.bar}
          data-error={isError || undefined}
          style={{ width, display: "block" }}
        />
      </span>
    </span>
  );
}

export function ErrorsCell({ count }: { count: number }): ReactNode {
  return (
    <span role="cell" className={styles.number}>
      {count === 0 ? null : (
        <Badge tone="error">
          {formatCount(count)}
          <span className="visually-hidden"> {count === 1 ? "error" : "errors"}</span>
        </Badge>
      )}
    </span>
  );
}

export function OrphanMark({ count }: { count: number }): ReactNode {
  if (count === 0) return null;
  const text = `${formatCount(count)} ${count === 1 ? "span" : "spans"} without the parent`;
  return (
    <Badge tone="warn">
      <Unlink size={11} aria-hidden="true" />
      <span title={text}>{formatCount(count)}</span>
      <span className="visually-hidden">{text}</span>
    </Badge>
  );
}

export function ServicesCell({ services }: { services: readonly ServicePart[] }): ReactNode {
  const more = services.length - MOST_CHIPS;
  return (
    <span role="cell" className={styles.services}>
      {services.slice(0, MOST_CHIPS).map((part) => (
        <span
          key={part.name}
          className={styles.chip}
          data-error={part.errorCount > 0 || undefined}
          title={`${part.name}: ${part.spanCount} spans, ${part.errorCount} errors`}
        >
          <Swatch service={part.name} />
          <span className="visually-hidden">{part.name}: </span>
          {formatCount(part.spanCount)}
        </span>
      ))}
      {more > 0 ? <span className={styles.chip}>+{more}</span> : null}
    </span>
  );
}
