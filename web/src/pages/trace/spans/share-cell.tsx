import type { ReactNode } from "react";
import { formatDuration } from "../../../shared/format";
import styles from "./share-cell.module.css";

/** A time, and a bar for its share of the most. */
export function ShareCell({ time, most }: { time: number; most: number }): ReactNode {
  return (
    <span className={styles.cell}>
      <span
        className={styles.bar}
        style={{ width: `${most > 0 ? Math.min(100, (time / most) * 100) : 0}%` }}
      />
      <span className={styles.text}>{formatDuration(time)}</span>
    </span>
  );
}
