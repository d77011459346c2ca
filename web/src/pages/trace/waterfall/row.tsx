import { memo, type ReactNode } from "react";
import { serviceColour } from "../../../shared/colour";
import { formatCount, formatDuration, formatPercent } from "../../../shared/format";
import { at, Flag, Status } from "../../../trace/model";
import { hasRowsUnder, hiddenUnder, missingAt } from "../../../trace/rows";
import { useTrace } from "../context";
import { kindName, shownName, shownService } from "../words";
import { Bar } from "./bar-view";
import { type Indent, ROW_HEIGHT } from "./geometry";
import { GhostRow } from "./ghost-row";
import { PART } from "./parts";
import styles from "./row.module.css";

export interface RowProps {
  /** Place among the rows. */
  index: number;
  node: number;
  indent: Indent;
  /** Width of the bars' area in pixels. */
  area: number;
}

export function rowId(node: number): string {
  return `row-${node}`;
}

/** One row; its element is used again for another row when the list moves. */
export const Row = memo(function Row(props: RowProps): ReactNode {
  const missing = useTrace((state) => missingAt(state.trace.model, props.node));
  return missing < 0 ? <SpanRow {...props} /> : <GhostRow {...props} missing={missing} />;
});

function SpanRow({ index, node, indent, area }: RowProps): ReactNode {
  const trace = useTrace((state) => state.trace);
  const current = useTrace((state) => state.cursor === node);
  const open = useTrace((state) => state.view.span === trace.model.ids[node]);
  const closed = useTrace((state) => state.collapsed[node] === 1);
  const matched = useTrace((state) => state.matches.active && state.matches.marks[node] === 1);
  const faded = useTrace((state) => state.matches.active && state.matches.marks[node] !== 1);
  const { model, tree, siblings } = trace;
  const parent = hasRowsUnder(tree, node);
  const level = at(tree.level, node);
  const service = shownService(model.services[at(model.service, node)] ?? "");
  const name = shownName(model.names[at(model.name, node)] ?? "");
  const failed = at(model.status, node) === Status.error;
  return (
    // biome-ignore lint/a11y/useFocusableInteractive: the tree has the focus and names its row
    <div
      role="treeitem"
      id={rowId(node)}
      className={styles.row}
      style={{ transform: `translateY(${index * ROW_HEIGHT}px)` }}
      data-node={node}
      data-current={current || undefined}
      data-open={open || undefined}
      data-matched={matched || undefined}
      data-faded={faded || undefined}
      aria-level={level + 1}
      aria-posinset={at(siblings.place, node)}
      aria-setsize={at(siblings.count, node)}
      aria-selected={open}
      aria-expanded={parent ? !closed : undefined}
    >
      <span className={styles.name} title={`${service} · ${name}`}>
        <Lead level={level} indent={indent} parent={parent} closed={closed} />
        <span className={styles.colour} style={{ background: serviceColour(service) }} />
        {failed ? <span className={styles.failed} role="img" aria-label="error" /> : null}
        <span className={styles.service}>{service}</span>
        <span className={styles.operation}>{name}</span>
        {closed ? <Hidden node={node} /> : null}
        <Marks flags={at(model.flags, node)} />
      </span>
      <span className={styles.time} title={useTip(node)}>
        <Bar node={node} area={area} colour={serviceColour(service)} failed={failed} />
      </span>
    </div>
  );
}

function useTip(node: number): string {
  const model = useTrace((state) => state.trace.model);
  const duration = at(model.duration, node);
  const share = model.durationNs > 0 ? duration / model.durationNs : 0;
  return [
    `${formatDuration(duration)}, ${formatPercent(share)} of the trace`,
    `self time ${formatDuration(at(model.selfTime, node))}`,
    `starts at +${formatDuration(at(model.start, node))}`,
    kindName(at(model.kind, node)),
  ].join("\n");
}

interface LeadProps {
  level: number;
  indent: Indent;
  parent: boolean;
  closed: boolean;
}

/** The lines of the tree down to the row, and what opens it. */
export function Lead({ level, indent, parent, closed }: LeadProps): ReactNode {
  const drawn = Math.min(level, indent.most);
  return (
    <>
      <span
        className={styles.lines}
        style={{ width: drawn * indent.step, backgroundSize: `${indent.step}px 100%` }}
      />
      <span className={styles.toggle} data-part={parent ? PART.toggle : undefined}>
        {parent ? <span className={styles.chevron} data-closed={closed || undefined} /> : null}
      </span>
      {level > indent.most ? <span className={styles.depth}>{level}</span> : null}
    </>
  );
}

/** How much a closed row hides, and whether an error is in it. */
export function Hidden({ node }: { node: number }): ReactNode {
  const tree = useTrace((state) => state.trace.tree);
  const shown = useTrace((state) => state.shown);
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

function Marks({ flags }: { flags: number }): ReactNode {
  return (
    <>
      {(flags & Flag.links) !== 0 ? (
        <span className={styles.mark} title="Has links to other spans">
          ↗
        </span>
      ) : null}
      {(flags & Flag.parentMissing) !== 0 ? (
        <span className={styles.warn} title="Its parent was never received">
          orphan
        </span>
      ) : null}
      {(flags & Flag.parentCut) !== 0 ? (
        <span className={styles.warn} title="Its parents form a circle, which was opened here">
          circle
        </span>
      ) : null}
      {(flags & Flag.repeatedId) !== 0 ? (
        <span className={styles.warn} title="Another span of this trace has the same id">
          same id
        </span>
      ) : null}
    </>
  );
}
