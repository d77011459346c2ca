/** *What differs*: the values that a region has more often than the other spans of the query. */

import { Filter, FilterX, X } from "lucide-react";
import { type ReactNode, useId, useState } from "react";
import type { Comparison, Difference, Said } from "../../../api/convert-explore";
import type { Bounds } from "../../../route/time-text";
import { formatExact, formatPercent } from "../../../shared/format";
import { useZone } from "../../../shared/settings";
import { Button, IconButton } from "../../../shared/ui/button";
import { Empty, ErrorNote, Loading } from "../../../shared/ui/states";
import { useComparison } from "../charts/queries";
import { regionText } from "../charts/words";
import type { Region } from "../region";
import { useHeldBounds } from "../results/held";
import { conditionOf, nameOf, sampleText, sideText } from "./conditions";
import styles from "./differs.module.css";

interface DiffersProps {
  query: string;
  range: Bounds;
  /** Null: errors against the rest. */
  region: Region | null;
  /** A condition of TraceQL; to be met, or not to be when `exclude`. */
  onFilter: (condition: string, exclude: boolean) => void;
  onClose: () => void;
}

const FEW = 8;

export function Differs({ query, range, region, onFilter, onClose }: DiffersProps): ReactNode {
  const [zone] = useZone();
  const chosen: Region = region ?? { ...range, status: "error" };
  const isAll = chosen.startNs <= range.startNs && chosen.endNs >= range.endNs;
  const onlyErrors = isAll && chosen.minNs === undefined && chosen.maxNs === undefined;
  // Asked once while the page is live: a list that is read must not change by itself.
  const [asked] = useHeldBounds(`${region === null ? "" : regionText(region, "utc")} ${query}`);
  const found = useComparison(query, asked, region ?? { ...asked, status: "error" });
  const id = useId();
  return (
    <section className={styles.differs} aria-labelledby={id} aria-busy={found.isFetching}>
      <header className={styles.head}>
        <h2 id={id}>What differs</h2>
        <p className={styles.what}>
          {onlyErrors && chosen.status ? "errors against the rest" : regionText(chosen, zone)}
        </p>
        <IconButton small label="Close what differs" onClick={onClose}>
          <X size={14} />
        </IconButton>
      </header>
      {found.isError ? (
        <div className={styles.body}>
          <ErrorNote error={found.error} onRetry={() => void found.refetch()} />
        </div>
      ) : found.data ? (
        <Compared found={found.data} isStale={found.isPlaceholderData} onFilter={onFilter} />
      ) : (
        <div className={styles.body}>
          <Loading>Comparing the values of all attributes</Loading>
        </div>
      )}
    </section>
  );
}

interface ComparedProps {
  found: Comparison;
  onFilter: DiffersProps["onFilter"];
}

function Compared({ found, isStale, onFilter }: ComparedProps & { isStale: boolean }): ReactNode {
  const { selection, baseline, differences, outcomes } = found;
  if (selection.sampled === 0 || baseline.sampled === 0) {
    return <NothingToCompare found={found} />;
  }
  const sample = sampleText(found);
  return (
    <div className={styles.body} data-stale={isStale || undefined}>
      <p className={styles.sides}>
        <span className={styles.key}>
          <span className={styles.selectionKey} />
          selected: {sideText(selection)}
        </span>
        <span className={styles.key}>
          <span className={styles.baselineKey} />
          the others: {sideText(baseline)}
        </span>
        {sample === null ? null : <span>{sample}</span>}
      </p>
      {differences.length === 0 ? (
        <Empty title="No value is more frequent than chance explains">
          <p>Select more spans, or compare them with a longer time.</p>
        </Empty>
      ) : (
        <Values
          label="Values by how much more frequent they are"
          found={found}
          rows={differences}
          onFilter={onFilter}
        />
      )}
      {outcomes.length === 0 ? null : (
        <>
          <h3 className={styles.subhead}>How they ended</h3>
          <Values
            label="How they ended"
            found={found}
            rows={outcomes}
            onFilter={onFilter}
            few={4}
          />
        </>
      )}
    </div>
  );
}

function NothingToCompare({ found }: { found: Comparison }): ReactNode {
  return found.selection.sampled === 0 ? (
    <Empty title="No span is selected">
      <p>Nothing in this part of the time matches. Select another region, or a longer time.</p>
    </Empty>
  ) : (
    <Empty title="There is nothing to compare with">
      <p>
        All spans that the query matches are selected. Select a smaller region, or take a condition
        out of the query.
      </p>
    </Empty>
  );
}

interface ValuesProps extends ComparedProps {
  label: string;
  rows: readonly Difference[];
  few?: number;
}

function Values({ label, found, rows, onFilter, few = FEW }: ValuesProps): ReactNode {
  const [all, setAll] = useState(false);
  const shown = all ? rows : rows.slice(0, few);
  return (
    <>
      <ol className={styles.values} aria-label={label}>
        {shown.map((one) => (
          <Value key={JSON.stringify(one.said)} one={one} found={found} onFilter={onFilter} />
        ))}
      </ol>
      {rows.length > shown.length ? (
        <Button small look="quiet" onClick={() => setAll(true)}>
          {rows.length - shown.length} more
        </Button>
      ) : null}
    </>
  );
}

interface ValueProps extends ComparedProps {
  one: Difference;
}

function Value({ one, found, onFilter }: ValueProps): ReactNode {
  const { said, same } = one;
  return (
    <li className={styles.value}>
      <div className={styles.said}>
        <SaidText said={said} />
        <Actions said={said} onFilter={onFilter} />
      </div>
      <Share
        look={styles.selection}
        label="selected"
        count={one.selectionCount}
        of={found.selection.sampled}
        share={one.selectionShare}
      />
      <Share
        look={styles.baseline}
        label="the others"
        count={one.baselineCount}
        of={found.baseline.sampled}
        share={one.baselineShare}
      />
      {same.length === 0 ? null : (
        <details className={styles.same}>
          <summary>
            {same.length === 1 ? "1 other value" : `${same.length} other values`} on exactly these
            spans
          </summary>
          <ul>
            {same.map((other) => (
              <li key={JSON.stringify(other)} className={styles.said}>
                <SaidText said={other} />
                <Actions said={other} onFilter={onFilter} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </li>
  );
}

function SaidText({ said }: { said: Said }): ReactNode {
  return (
    <span className={styles.text}>
      <span className={styles.name}>{nameOf(said)}</span>{" "}
      <span className={styles.literal}>{said.value === "" ? "(empty)" : said.value}</span>
    </span>
  );
}

interface ActionsProps {
  said: Said;
  onFilter: DiffersProps["onFilter"];
}

function Actions({ said, onFilter }: ActionsProps): ReactNode {
  const condition = conditionOf(said);
  if (condition === null) return null;
  return (
    <span className={styles.actions}>
      <IconButton small label={`Only ${condition}`} onClick={() => onFilter(condition, false)}>
        <Filter size={13} />
      </IconButton>
      <IconButton small label={`Without ${condition}`} onClick={() => onFilter(condition, true)}>
        <FilterX size={13} />
      </IconButton>
    </span>
  );
}

interface ShareProps {
  look: string | undefined;
  label: string;
  count: number;
  of: number;
  share: number;
}

function Share({ look, label, count, of, share }: ShareProps): ReactNode {
  return (
    <div className={styles.share}>
      <span className={styles.track}>
        <span className={look} style={{ width: `${share * 100}%` }} />
      </span>
      <span className={styles.percent}>
        <span className="visually-hidden">{label}: </span>
        {formatPercent(share)}
      </span>
      <span className={styles.count}>
        {formatExact(count)} of {formatExact(of)}
      </span>
    </div>
  );
}
