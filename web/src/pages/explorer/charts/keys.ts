/** The heatmap by keys: a cell that moves, and a region that grows from where Shift was pressed. */

import { type KeyboardEvent, type RefObject, useRef, useState } from "react";
import type { Region } from "../region";
import { type Cell, cellAt, type Grid, regionOf } from "./grid";

interface CellKeys {
  ref: RefObject<HTMLDivElement | null>;
  cell: Cell | null;
  /** What Enter would select, while it is more than a cell. */
  region: Region | null;
  onKeyDown: (event: KeyboardEvent) => void;
  onBlur: () => void;
}

const STEPS: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** Where the keys begin: the strongest cell, which is what one looks at first. */
export function strongest(grid: Grid): Cell {
  const at = grid.cells.indexOf(grid.most);
  return { column: Math.floor(Math.max(0, at) / grid.rows), row: Math.max(0, at) % grid.rows };
}

export function moved(grid: Grid, cell: Cell, key: string): Cell | null {
  if (key === "Home") return { ...cell, column: 0 };
  if (key === "End") return { ...cell, column: grid.columns - 1 };
  if (key === "PageUp") return { ...cell, row: grid.rows - 1 };
  if (key === "PageDown") return { ...cell, row: 0 };
  const step = STEPS[key];
  return step ? cellAt(grid, cell.column + step[0], cell.row + step[1]) : null;
}

export function useCellKeys(
  grid: Grid,
  onlyErrors: boolean,
  onSelect: (region: Region | null) => void,
  selected: boolean,
): CellKeys {
  const ref = useRef<HTMLDivElement>(null);
  const [at, setAt] = useState<{ cell: Cell; anchor: Cell } | null>(null);
  // Another answer may have fewer cells.
  const cell = at && cellAt(grid, at.cell.column, at.cell.row);
  const anchor = at && cellAt(grid, at.anchor.column, at.anchor.row);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== ref.current) return;
    if (event.key === "Escape") {
      if (!at && !selected) return;
      setAt(null);
      // What Enter has just selected may not be drawn yet.
      onSelect(null);
    } else if (event.key === "Enter" && cell && anchor) {
      onSelect(regionOf(grid, anchor, cell, onlyErrors));
      setAt({ cell, anchor: cell });
    } else {
      const next = cell ? moved(grid, cell, event.key) : event.key in STEPS && strongest(grid);
      if (!next) return;
      setAt({ cell: next, anchor: event.shiftKey && anchor ? anchor : next });
    }
    event.preventDefault();
    event.stopPropagation();
  };
  const several = cell && anchor && (cell.column !== anchor.column || cell.row !== anchor.row);
  return {
    ref,
    cell,
    region: several ? regionOf(grid, anchor, cell, onlyErrors) : null,
    onKeyDown,
    onBlur: () => setAt(null),
  };
}
