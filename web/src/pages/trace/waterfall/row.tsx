import { memo, type ReactNode } from "react";
import { serviceColour } from "../../../shared/colour";
import { formatCount } from "../../../shared/format";
import { at, Flag, Status } from "../../../trace/model";
import { hasRowsUnder, hiddenUnder, missingAt, type Shown } from "../../../trace/rows";
import type { Zoom } from "../../../trace/zoom";
import { useTrace } from "../context";
import type { Trace, TraceState } from "../store";
import { shownName, shownService } from "../words";
import { barOf } from "./bar-view";
import { type Indent, ROW_HEIGHT } from "./geometry";
import { GhostRow } from "./ghost-row";
import { PART } from "./parts";
import styles from "./row.module.css";

/** The same objects for all rows, so that a row is drawn again only when it has to be. */
export interface RowProps {
  /** Place among the rows. */
  index: number;
  node: number;
  trace: Trace;
  shown: Shown;
  zoom: Zoom;
  indent: Indent;
  /** Width of the bars' area in pixels. */
  area: number;
}

/** Of the row with the cursor; others have none, which saves an attribute for each that enters. */
export function rowId(node: number): string {
  return `row-${node}`;
}

export function topOf(index: number): string {
  return `translateY(${index * ROW_HEIGHT}px)`;
}

const MARK = { current: 1, open: 2, closed: 4, matched: 8, faded: 16 } as const;

/** All that a row is told by the state, as one number: one subscription for each row. */
function marksOf({ cursor, view, trace, collapsed, matches }: TraceState, node: number): number {
  let marks = 0;
  if (cursor === node) marks |= MARK.current;
  if (view.span !== null && trace.model.ids[node] === view.span) marks |= MARK.open;
  if (collapsed[node] === 1) marks |= MARK.closed;
  if (matches.active) marks |= matches.mask[node] === 1 ? MARK.matched : MARK.faded;
  return marks;
}

/** One row; its element is used again for another row when the list moves. */
export const Row = memo(function Row(props: RowProps): ReactNode {
  const { node, trace } = props;
  const marks = useTrace((state) => marksOf(state, node));
  const current = (marks & MARK.current) !== 0;
  const closed = (marks & MARK.closed) !== 0;
  const missing = missingAt(trace.model, node);
  return missing < 0 ? (
    spanRow(props, marks)
  ) : (
    <GhostRow {...props} missing={missing} current={current} closed={closed} />
  );
});

/** Not a component: a list that moves makes dozens of these in a frame. */
function spanRow({ index, node, trace, shown, zoom, indent, area }: RowProps, marks: number) {
  const { model, tree, siblings } = trace;
  const current = (marks & MARK.current) !== 0;
  const closed = (marks & MARK.closed) !== 0;
  const open = (marks & MARK.open) !== 0;
  const parent = hasRowsUnder(tree, node);
  const level = at(tree.level, node);
  const own = model.services[at(model.service, node)] ?? "";
  // Not once on the row: each of its elements would have its style worked out anew.
  const colour = serviceColour(own);
  const failed = at(model.status, node) === Status.error;
  return (
    <div
      role="treeitem"
      id={current ? rowId(node) : undefined}
      className={styles.row}
      style={{ transform: topOf(index) }}
      data-node={node}
      data-current={current || undefined}
      data-open={open || undefined}
      data-matched={(marks & MARK.matched) !== 0 || undefined}
      data-faded={(marks & MARK.faded) !== 0 || undefined}
      aria-level={level + 1}
      aria-posinset={at(siblings.place, node)}
      aria-setsize={at(siblings.count, node)}
      aria-selected={open}
      aria-expanded={parent ? !closed : undefined}
    >
      <span className={styles.name} data-cell="name">
        {leadOf(level, indent, parent, closed)}
        <span className={styles.colour} style={{ background: colour }} />
        {failed ? <span className={styles.failed} role="img" aria-label="error" /> : null}
        <span className={styles.service}>{shownService(own)}</span>
        <span className={styles.operation}>
          {shownName(model.names[at(model.name, node)] ?? "")}
        </span>
        {closed ? hiddenOf(trace, shown, node) : null}
        {flagsOf(at(model.flags, node))}
      </span>
      <span className={styles.time} data-cell="time">
        {barOf(trace, node, zoom, area, colour)}
      </span>
    </div>
  );
}

/** The lines of the tree down to the row, and what opens it. */
export function leadOf(level: number, indent: Indent, parent: boolean, closed: boolean): ReactNode {
  const drawn = Math.min(level, indent.most);
  return (
    <>
      <span className={styles.lines} style={{ width: drawn * indent.step }} />
      <span className={styles.toggle} data-part={parent ? PART.toggle : undefined}>
        {parent ? <span className={styles.chevron} data-closed={closed || undefined} /> : null}
      </span>
      {level > indent.most ? <span className={styles.depth}>{level}</span> : null}
    </>
  );
}

/** How much a closed row hides, and whether an error is in it. */
export function hiddenOf({ tree }: Trace, shown: Shown, node: number): ReactNode {
  const { count, worst } = hiddenUnder(tree, shown, node);
  const failed = worst === Status.error;
  return (
    <span
      className={styles.hidden}
      data-failed={failed || undefined}
      title={`${count.toLocaleString("en")} hidden${failed ? ", with errors" : ""}`}
    >
      +{formatCount(count)}
    </span>
  );
}

const FLAGS: readonly (readonly [number, string, string])[] = [
  [Flag.links, "↗", "Has links to other spans"],
  [Flag.parentMissing, "orphan", "Its parent was never received"],
  [Flag.parentCut, "circle", "Its parents form a circle, which was opened here"],
  [Flag.repeatedId, "same id", "Another span of this trace has the same id"],
];
const FLAGS_SHOWN = Flag.links | Flag.parentMissing | Flag.parentCut | Flag.repeatedId;

function flagsOf(flags: number): ReactNode {
  if ((flags & FLAGS_SHOWN) === 0) return null;
  return FLAGS.map(([flag, text, meaning]) =>
    (flags & flag) === 0 ? null : (
      <span key={flag} className={flag === Flag.links ? styles.mark : styles.warn} title={meaning}>
        {text}
      </span>
    ),
  );
}
