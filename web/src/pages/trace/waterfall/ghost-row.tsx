import type { ReactNode } from "react";
import { Link } from "react-router";
import { tracePath } from "../../../route/paths";
import { classes } from "../../../shared/classes";
import { at } from "../../../trace/model";
import { useTrace } from "../context";
import { ROW_HEIGHT } from "./geometry";
import { Hidden, Lead, type RowProps, rowId } from "./row";
import styles from "./row.module.css";

/** Stands for a parent that spans name and that is not stored. */
export function GhostRow(props: RowProps & { missing: number }): ReactNode {
  const { index, node, indent, missing } = props;
  const trace = useTrace((state) => state.trace);
  const current = useTrace((state) => state.cursor === node);
  const closed = useTrace((state) => state.collapsed[node] === 1);
  const parent = trace.model.missing[missing];
  const children = parent?.children.length ?? 0;
  const level = at(trace.tree.level, node);
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the tree has the focus and names its row
    <div
      role="treeitem"
      id={rowId(node)}
      className={classes(styles.row, styles.ghost)}
      style={{ transform: `translateY(${index * ROW_HEIGHT}px)` }}
      data-node={node}
      data-current={current || undefined}
      aria-level={level + 1}
      aria-selected={false}
      aria-expanded={!closed}
    >
      <span className={styles.name}>
        <Lead level={level} indent={indent} parent closed={closed} />
        <span className={styles.colour} />
        <span className={styles.operation}>
          parent <code>{parent?.spanId}</code> was never received
        </span>
        {closed ? <Hidden node={node} /> : null}
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
