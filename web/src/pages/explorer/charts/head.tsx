/** What the charts show, and what can be done with what is selected. */

import { Filter, GitCompareArrows, X, ZoomIn } from "lucide-react";
import type { ReactNode } from "react";
import type { LimitedBy } from "../../../api/convert-explore";
import { formatClock, formatDuration, formatExact } from "../../../shared/format";
import { Button, IconButton } from "../../../shared/ui/button";
import { Segments } from "../../../shared/ui/segments";
import type { ExplorerChartsProps } from "./explorer-charts";
import { countIn, type Grid } from "./grid";
import styles from "./head.module.css";
import { RegionPopover } from "./region-form";
import { regionText } from "./words";

interface HeadProps extends ExplorerChartsProps {
  grid: Grid | undefined;
  limitedBy: LimitedBy;
  coveredFromNs: bigint | null;
  onlyErrors: boolean;
  onOnlyErrors: (only: boolean) => void;
}

export function Head(props: HeadProps): ReactNode {
  const { grid, zone, selection, onSelect, onDiffers, range, onlyErrors, onOnlyErrors } = props;
  const sum = (counts: Float64Array) => counts.reduce((all, one) => all + one, 0);
  const errors = grid ? sum(grid.errors) : 0;
  return (
    <div className={styles.head}>
      {selection ? (
        <Selected {...props} />
      ) : (
        <div className={styles.facts}>
          {grid ? (
            <>
              <span className={styles.key}>
                <span className={styles.spans} />
                {formatExact(sum(grid.spans))} spans
              </span>
              <span className={styles.key}>
                <span className={styles.errors} />
                {formatExact(errors)} errors
              </span>
              <span className={styles.quiet}>a bar: {formatDuration(Number(grid.widthNs))}</span>
              <Limits {...props} />
            </>
          ) : null}
          {onDiffers && errors > 0 ? (
            <Button small onClick={() => onDiffers({ ...range, status: "error" })}>
              <GitCompareArrows size={13} />
              Errors against the rest
            </Button>
          ) : null}
        </div>
      )}
      <div className={styles.tools}>
        <RegionPopover range={range} zone={zone} selection={selection} onSelect={onSelect} />
        <Segments
          label="Spans in the charts"
          value={onlyErrors ? "errors" : "all"}
          onChange={(next) => onOnlyErrors(next === "errors")}
          choices={[
            ["all", "All"],
            ["errors", "Errors"],
          ]}
        />
      </div>
    </div>
  );
}

/** What was not looked at, and why. */
function Limits({ limitedBy, coveredFromNs, zone }: HeadProps): ReactNode {
  if (limitedBy === null || coveredFromNs === null) return null;
  return (
    <span className={styles.limit}>
      counted from {formatClock(coveredFromNs, zone, "second")} on: the{" "}
      {limitedBy === "memory" ? "memory" : "time"} for one question was used up
    </span>
  );
}

function Selected(props: HeadProps): ReactNode {
  const { grid, zone, selection, onSelect, onZoom, onDiffers, onFilter } = props;
  if (selection === null) return null;
  const counted = grid && countIn(grid, selection);
  const count = counted && (selection.status === "error" ? counted.errors : counted.spans);
  const { startNs, endNs } = selection;
  return (
    <div className={styles.selected} role="toolbar" aria-label="Selected region">
      <span className={styles.region}>
        {regionText(selection, zone)}
        {count === undefined ? null : (
          <span className={styles.quiet}> · {formatExact(count)} spans</span>
        )}
      </span>
      {onDiffers ? (
        <Button small look="primary" onClick={() => onDiffers(selection)}>
          <GitCompareArrows size={13} />
          What differs
        </Button>
      ) : null}
      {onFilter ? (
        <Button small aria-label="Filter to this" onClick={() => onFilter(selection)}>
          <Filter size={13} />
          <span className={styles.word}>Filter to this</span>
        </Button>
      ) : null}
      <Button small aria-label="Zoom to time" onClick={() => onZoom({ startNs, endNs })}>
        <ZoomIn size={13} />
        <span className={styles.word}>Zoom to time</span>
      </Button>
      <IconButton small label="Clear the selection" onClick={() => onSelect(null)}>
        <X size={14} />
      </IconButton>
    </div>
  );
}
