/** How many spans, how long, and when: the rate by status above the heatmap of durations. */

import { type ReactNode, useCallback, useId, useMemo, useState } from "react";
import { ApiError } from "../../../api/client";
import type { Bounds } from "../../../route/time-text";
import { formatCount, type Zone } from "../../../shared/format";
import { useShortcut } from "../../../shared/shortcuts";
import { Empty, ErrorNote, Loading } from "../../../shared/ui/states";
import type { Region } from "../region";
import { type Colours, useColours } from "./colours";
import styles from "./explorer-charts.module.css";
import { type Cell, cellAt, type Grid, gridOf, regionOf, rowAt, timesOf } from "./grid";
import { Head } from "./head";
import { useCellKeys } from "./keys";
import { paintCell, paintHeat, paintRate, paintRegion, paintUncovered } from "./paint";
import { type Mark, Plot, type Point, Y_AXIS } from "./plot";
import { type Drawn, useHistogram } from "./queries";
import { countTicks, durationTicks, timeTicks } from "./ticks";
import { Tip } from "./tip";
import { useWidth } from "./width";
import { factsOf, spokenFacts } from "./words";

export interface ExplorerChartsProps {
  query: string;
  range: Bounds;
  zone: Zone;
  selection: Region | null;
  onSelect: (region: Region | null) => void;
  /** Another time range, from a drag on the rate or for the selection. */
  onZoom: (range: Bounds) => void;
  /** Opens "What differs"; of all errors when nothing is selected. */
  onDiffers?: (region: Region) => void;
  /** The query gets the selection's conditions, the range its times. */
  onFilter?: (region: Region) => void;
}

const RATE_HEIGHT = 84;
const HEAT_HEIGHT = 172;
const MOST_ROWS = 36;

/** Columns of some 10 pixels; in steps, so that a change of width seldom asks again. */
function bucketsFor(width: number): number {
  if (width <= 0) return 0;
  return [40, 80, 120, 160].findLast((buckets) => buckets * 9 <= width) ?? 40;
}

export function ExplorerCharts(props: ExplorerChartsProps): ReactNode {
  const { query, range, zone, selection, onSelect } = props;
  const [holder, width] = useWidth();
  const found = useHistogram(query, range, bucketsFor(width));
  const [onlyErrors, setOnlyErrors] = useState(false);
  useShortcut("Escape", "Clear the selected region", "Charts", () => onSelect(null), !!selection);
  const grid = useMemo(
    () => found.data && gridOf(found.data.histogram, found.data.range, MOST_ROWS),
    [found.data],
  );
  return (
    <section className={styles.charts} aria-label="Rate and duration">
      <Head
        {...props}
        grid={grid}
        limitedBy={found.data?.histogram.limitedBy ?? null}
        coveredFromNs={found.data?.histogram.coveredFromNs ?? null}
        onlyErrors={onlyErrors}
        onOnlyErrors={setOnlyErrors}
      />
      <div
        ref={holder}
        className={styles.plots}
        style={{ height: RATE_HEIGHT + HEAT_HEIGHT }}
        aria-busy={found.isFetching}
        data-stale={(found.isPlaceholderData && isOther(found.data, query, range)) || undefined}
      >
        {found.isError ? (
          <div className={styles.over}>
            {found.error instanceof ApiError && found.error.code === "invalid_query" ? (
              // The query bar shows where the mistake is.
              <Empty title="There is a mistake in the query">
                <p>Once it is mended, its spans are counted here.</p>
              </Empty>
            ) : (
              <ErrorNote error={found.error} onRetry={() => void found.refetch()} />
            )}
          </div>
        ) : found.data && grid && width > 0 ? (
          <Plots
            {...props}
            drawn={found.data}
            grid={grid}
            width={width}
            zone={zone}
            selection={selection}
            onlyErrors={onlyErrors}
          />
        ) : (
          <div className={styles.over}>
            <Loading>Counting spans</Loading>
          </div>
        )}
      </div>
    </section>
  );
}

/** Whether what is drawn answers another question, and not the same one a moment earlier. */
function isOther(drawn: Drawn, query: string, range: Bounds): boolean {
  const length = (bounds: Bounds) => bounds.endNs - bounds.startNs;
  const moved = range.startNs - drawn.range.startNs;
  return (
    drawn.query !== query ||
    length(drawn.range) !== length(range) ||
    moved < 0n ||
    moved * 10n > length(range)
  );
}

interface PlotsProps extends ExplorerChartsProps {
  drawn: Drawn;
  grid: Grid;
  width: number;
  onlyErrors: boolean;
}

interface Hovered {
  cell: Cell;
  heat: boolean;
}

function Plots(props: PlotsProps): ReactNode {
  const { drawn, grid, width, zone, selection, onlyErrors, onSelect, onZoom } = props;
  const colours = useColours();
  const link = useId();
  const [hovered, setHovered] = useState<Hovered | null>(null);
  const keys = useCellKeys(grid, onlyErrors, onSelect, selection !== null);
  const { x, xMarks } = useMemo(() => timeAxis(grid, width, zone), [grid, width, zone]);
  const rates = onlyErrors ? grid.errors : grid.spans;
  const most = rates.reduce((largest, one) => Math.max(largest, one), 0);
  const shown = keys.region ?? selection;
  const hover = useCallback(
    (point: Point | null, heat: boolean) => {
      setHovered((before) => {
        if (point === null) return null;
        const cell = cellAt(grid, point.x, heat ? point.y : 0);
        const same =
          before?.heat === heat &&
          before.cell.column === cell.column &&
          before.cell.row === cell.row;
        return same ? before : { cell, heat };
      });
    },
    [grid],
  );
  const paintOver = (canvas: Parameters<typeof paintRegion>[0], heat: boolean) => {
    paintUncovered(canvas, grid, colours, drawn.histogram.coveredFromNs);
    if (shown) paintRegion(canvas, grid, shown, colours, heat);
    if (keys.cell) paintCell(canvas, keys.cell, colours, heat);
  };
  const shared = { width, x, colours: colours satisfies Colours, link };
  const empty = drawn.histogram.buckets.length === 0;
  return (
    <div
      ref={keys.ref}
      className={styles.focus}
      // Arrow keys move among cells, as in a table; a reader is told what is in them.
      role="application"
      aria-label="Rate and durations. Arrow keys move, Shift and an arrow choose a region, Enter selects it, Escape clears."
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it is worked by keys
      tabIndex={0}
      onKeyDown={keys.onKeyDown}
      onBlur={keys.onBlur}
    >
      <Plot
        {...shared}
        height={RATE_HEIGHT}
        y={[0, Math.max(1, most) * 1.08]}
        xMarks={null}
        yMarks={countTicks(Math.max(1, most), 3).map((at) => ({ at, label: formatCount(at) }))}
        dragsY={false}
        paint={(canvas) => {
          paintRate(canvas, grid, colours, onlyErrors);
          paintOver(canvas, false);
        }}
        onMove={(point) => hover(point, false)}
        onDrag={(from, to) => {
          const one = cellAt(grid, from.x, 0).column;
          onZoom(timesOf(grid, one, cellAt(grid, to.x, 0).column));
        }}
      />
      <Plot
        {...shared}
        height={HEAT_HEIGHT}
        y={[0, grid.rows]}
        xMarks={xMarks}
        yMarks={empty ? [] : durationMarks(grid)}
        dragsY
        paint={(canvas) => {
          paintHeat(canvas, grid, colours, onlyErrors);
          paintOver(canvas, true);
        }}
        onMove={(point) => hover(point, true)}
        onDrag={(from, to) => {
          const [one, other] = [cellAt(grid, from.x, from.y), cellAt(grid, to.x, to.y)];
          onSelect(regionOf(grid, one, other, onlyErrors));
        }}
      />
      {empty ? (
        <div className={styles.nothing}>
          <p>No span matches in this time</p>
        </div>
      ) : null}
      {hovered && !empty ? (
        <Tip
          facts={factsOf(grid, hovered.cell, hovered.heat, zone)}
          column={hovered.cell.column}
          grid={grid}
          width={width}
          top={hovered.heat ? RATE_HEIGHT : 0}
        />
      ) : null}
      <p className="visually-hidden" aria-live="polite">
        {keys.cell ? spokenFacts(factsOf(grid, keys.cell, true, zone)) : ""}
      </p>
    </div>
  );
}

function timeAxis(grid: Grid, width: number, zone: Zone) {
  const at = (ns: bigint) => Number(ns - grid.originNs) / Number(grid.widthNs);
  const x: readonly [number, number] = [at(grid.range.startNs), at(grid.range.endNs)];
  const most = Math.max(2, Math.floor((width - Y_AXIS) / 88));
  const xMarks: Mark[] = timeTicks(grid.range, most, zone).map(({ ns, label }) => ({
    at: at(ns),
    label,
  }));
  return { x, xMarks };
}

function durationMarks(grid: Grid): Mark[] {
  const [low, high] = [grid.bounds[0] ?? 0, grid.bounds.at(-1) ?? 1];
  return durationTicks(low, high, 6).map(({ ns, label }) => ({
    at: rowAt(grid.bounds, ns),
    label,
  }));
}
