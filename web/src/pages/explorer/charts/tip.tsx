import type { ReactNode } from "react";
import type { Grid } from "./grid";
import { Y_AXIS } from "./plot";
import styles from "./tip.module.css";
import type { Facts } from "./words";

interface TipProps {
  facts: Facts;
  grid: Grid;
  column: number;
  width: number;
  top: number;
}

/** Exact numbers of what is under the pointer, on the side where there is room. */
export function Tip({ facts, grid, column, width, top }: TipProps): ReactNode {
  const at = Y_AXIS + ((column + 0.5) / grid.columns) * (width - Y_AXIS);
  const side = at > width / 2 ? { right: width - at + 16 } : { left: at + 16 };
  return (
    <div className={styles.tip} style={{ top: top + 8, ...side }}>
      <p className={styles.time}>{facts.time}</p>
      {facts.durations === null ? null : <p className={styles.time}>{facts.durations}</p>}
      <dl className={styles.lines}>
        {facts.lines.map(([name, value]) => (
          <div key={name} className={styles.line}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
