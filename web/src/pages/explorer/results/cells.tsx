/** What stands in the cells of both tables. */

import { Unlink } from "lucide-react";
import type { ReactNode } from "react";
import type { ServicePart } from "../../../api/convert-search";
import { serviceColour } from "../../../shared/colour";
import {
  formatAgo,
  formatClock,
  formatCount,
  formatDay,
  formatDuration,
  formatTime,
  type Zone,
} from "../../../shared/format";
import { Badge } from "../../../shared/ui/badge";
import styles from "./cells.module.css";

export function Dot({ service }: { service: string }): ReactNode {
  return <span className={styles.dot} style={{ background: serviceColour(service) }} />;
}

/** The service's name with its colour. */
export function Service({ name }: { name: string }): ReactNode {
  return (
    <span className={styles.service} title={name}>
      <Dot service={name} />
      <span className={styles.text}>{name === "" ? "no service" : name}</span>
    </span>
  );
}

export function Text({ children, quiet }: { children: string; quiet?: boolean }): ReactNode {
  return (
    <span className={quiet ? styles.quiet : styles.text} title={children}>
      {children}
    </span>
  );
}

export function Mono({ children }: { children: string }): ReactNode {
  return (
    <code className={styles.text} title={children}>
      {children}
    </code>
  );
}

export interface TimeForm {
  zone: Zone;
  ago: boolean;
  nowNs: bigint;
  /** There is little room. */
  narrow: boolean;
}

/** The time of day, with the day where it is another one; or how long ago. */
export function Time({ ns, zone, ago, nowNs, narrow }: TimeForm & { ns: bigint }): ReactNode {
  const clock = formatClock(ns, zone, narrow ? "second" : "milli");
  const today = formatDay(ns, zone) === formatDay(nowNs, zone);
  const shown = ago
    ? formatAgo(ns, nowNs)
    : today
      ? clock
      : `${formatDay(ns, zone).slice(5)} ${clock}`;
  return (
    <span
      className={styles.time}
      title={`${formatTime(ns, zone, "nano")}, ${formatAgo(ns, nowNs)}`}
    >
      {shown}
    </span>
  );
}

/** The duration, and as a bar what it is of the longest. */
export function Duration({ ns, longestNs }: { ns: number; longestNs: number }): ReactNode {
  const share = longestNs > 0 ? ns / longestNs : 0;
  return (
    <span className={styles.duration}>
      <span className={styles.track}>
        <span className={styles.bar} style={{ width: `${Math.max(1, share * 100)}%` }} />
      </span>
      <span className={styles.number}>{formatDuration(ns)}</span>
    </span>
  );
}

export function Errors({ count }: { count: number }): ReactNode {
  if (count === 0) return null;
  return (
    <Badge tone="error">
      {formatCount(count)} {count === 1 ? "error" : "errors"}
    </Badge>
  );
}

export function Orphans({ count }: { count: number }): ReactNode {
  if (count === 0) return null;
  const said = `${formatCount(count)} ${count === 1 ? "span has a parent" : "spans have a parent"} that is not stored`;
  return (
    <span title={said} className={styles.orphans}>
      <Badge tone="warn">
        <Unlink size={11} aria-hidden="true" />
        {formatCount(count)}
        <span className="visually-hidden">{said}</span>
      </Badge>
    </span>
  );
}

/** How many services, and those with the most spans as far as there is room. */
export function Services({ services }: { services: readonly ServicePart[] }): ReactNode {
  const all = services.map(({ name, spanCount }) => `${name} ${formatCount(spanCount)}`).join(", ");
  return (
    <span className={styles.services} title={all}>
      <span className={styles.count}>{services.length}</span>
      <span className={styles.chips}>
        {services.slice(0, 8).map(({ name, spanCount, errorCount }) => (
          <span key={name} className={styles.chip} data-error={errorCount > 0 || undefined}>
            <Dot service={name} />
            <span className={styles.text}>{name}</span>
            <span className={styles.count}>{formatCount(spanCount)}</span>
          </span>
        ))}
      </span>
    </span>
  );
}
