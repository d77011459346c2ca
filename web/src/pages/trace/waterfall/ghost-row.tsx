import type { ReactNode } from "react";
import { Link } from "react-router";
import { tracePath } from "../../../route/paths";
import { classes } from "../../../shared/classes";
import { at } from "../../../trace/model";
import { hiddenOf, leadOf, type RowProps, rowId, topOf } from "./row";
import styles from "./row.module.css";

interface GhostRowProps extends RowProps {
  /** Which of the model's missing parents. */
  missing: number;
  current: boolean;
  closed: boolean;
}

/** Stands for a parent that spans name and that is not stored. */
export function GhostRow(props: GhostRowProps): ReactNode {
  const { index, node, trace, shown, indent, missing, current, closed } = props;
  const parent = trace.model.missing[missing];
  const children = parent?.children.length ?? 0;
  const level = at(trace.tree.level, node);
  return (
    <div
      role="treeitem"
      id={current ? rowId(node) : undefined}
      className={classes(styles.row, styles.ghost)}
      style={{ transform: topOf(index) }}
      data-node={node}
      data-current={current || undefined}
      aria-level={level + 1}
      aria-selected={false}
      aria-expanded={!closed}
    >
      <span className={styles.name}>
        {leadOf(level, indent, true, closed)}
        <span className={styles.colour} />
        <span className={styles.operation}>
          parent <code>{parent?.spanId}</code> was never received
        </span>
        {closed ? hiddenOf(trace, shown, node) : null}
      </span>
      <span className={styles.time}>
        <span className={styles.ghostNote}>
          {children} {children === 1 ? "child" : "children"}{" "}
          <Link to={tracePath(trace.model.traceId, "why=1")} tabIndex={current ? 0 : -1}>
            Why?
          </Link>
        </span>
      </span>
    </div>
  );
}
