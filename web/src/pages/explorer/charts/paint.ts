/** What the two plots look like. */

import type { Region } from "../region";
import type { Colours } from "./colours";
import { type Cell, type Grid, type Place, placeOf, strength } from "./grid";
import type { Canvas } from "./plot";

/** Bars of all spans, and in them those of errors: the top of a bar is always all. */
export function paintRate(canvas: Canvas, grid: Grid, colours: Colours, onlyErrors: boolean): void {
  const { context, ratio, x, y } = canvas;
  const gap = x(1) - x(0) > 4 * ratio ? ratio : 0;
  const bar = (count: number, column: number) => {
    if (count === 0) return;
    const left = Math.round(x(column));
    const right = Math.round(x(column + 1)) - gap;
    const bottom = y(0);
    // A single one among thousands is seen too.
    const top = Math.min(y(count), bottom - 2 * ratio);
    context.fillRect(left, top, Math.max(1, right - left), bottom - top);
  };
  if (!onlyErrors) {
    context.fillStyle = colours.spans;
    context.globalAlpha = 0.55;
    grid.spans.forEach(bar);
    context.globalAlpha = 1;
  }
  context.fillStyle = colours.errors;
  grid.errors.forEach(bar);
}

/** Cells by their counts; those with errors are tinted by their share. */
export function paintHeat(canvas: Canvas, grid: Grid, colours: Colours, onlyErrors: boolean): void {
  const { context, x, y } = canvas;
  const cells = onlyErrors ? grid.errorCells : grid.cells;
  const most = onlyErrors ? grid.mostErrors : grid.most;
  const lefts = Array.from({ length: grid.columns + 1 }, (_, column) => Math.round(x(column)));
  const tops = Array.from({ length: grid.rows + 1 }, (_, row) => Math.round(y(row)));
  for (let column = 0; column < grid.columns; column++) {
    const left = lefts[column] ?? 0;
    const width = Math.max(1, (lefts[column + 1] ?? 0) - left);
    for (let row = 0; row < grid.rows; row++) {
      const at = column * grid.rows + row;
      const count = cells[at] ?? 0;
      if (count === 0) continue;
      const top = tops[row + 1] ?? 0;
      const height = Math.max(1, (tops[row] ?? 0) - top);
      const alpha = strength(count, most);
      const errors = (grid.errorCells[at] ?? 0) / count;
      context.globalAlpha = alpha;
      context.fillStyle = onlyErrors ? colours.errors : colours.spans;
      context.fillRect(left, top, width, height);
      if (onlyErrors || errors === 0) continue;
      // Never less than can be seen, whatever the share.
      context.globalAlpha = Math.max(0.55, alpha) * (0.3 + 0.7 * errors);
      context.fillStyle = colours.errors;
      context.fillRect(left, top, width, height);
    }
  }
  context.globalAlpha = 1;
}

/** What was not looked at is greyed, not shown as empty. */
export function paintUncovered(canvas: Canvas, grid: Grid, colours: Colours, fromNs: bigint): void {
  if (fromNs <= grid.range.startNs) return;
  const { context, x } = canvas;
  const until = Number(fromNs - grid.originNs) / Number(grid.widthNs);
  context.globalAlpha = 0.6;
  context.fillStyle = colours.line;
  context.fillRect(x(0), 0, x(until) - x(0), context.canvas.height);
  context.globalAlpha = 1;
}

/** The region stands out, and all else steps back; without rows it is all of the height. */
export function paintRegion(
  canvas: Canvas,
  grid: Grid,
  region: Region,
  colours: Colours,
  withRows: boolean,
): void {
  const place = placeOf(grid, region);
  if (place === null) return;
  const { context, ratio } = canvas;
  const { left, right, top, bottom } = box(canvas, place, withRows);
  const { width, height } = context.canvas;
  context.globalAlpha = 0.6;
  context.fillStyle = colours.surface;
  context.beginPath();
  context.rect(0, 0, width, height);
  context.rect(left, top, right - left, bottom - top);
  context.fill("evenodd");
  context.globalAlpha = 1;
  context.strokeStyle = colours.region;
  context.lineWidth = 1.5 * ratio;
  context.strokeRect(left, top, right - left, bottom - top);
}

/** Where the keyboard is. */
export function paintCell(canvas: Canvas, cell: Cell, colours: Colours, withRows: boolean): void {
  const { context, ratio } = canvas;
  const place = { from: cell.column, to: cell.column + 1, low: cell.row, high: cell.row + 1 };
  const { left, right, top, bottom } = box(canvas, place, withRows);
  context.strokeStyle = colours.strong;
  context.lineWidth = 2 * ratio;
  context.strokeRect(left - ratio, top - ratio, right - left + 2 * ratio, bottom - top + 2 * ratio);
}

function box(canvas: Canvas, place: Place, withRows: boolean) {
  const { context, ratio, x, y } = canvas;
  // The frame of what has all rows is outside of the plot, but for its sides.
  return {
    left: Math.round(x(place.from)),
    right: Math.round(x(place.to)),
    top: withRows ? Math.round(y(place.high)) : -2 * ratio,
    bottom: withRows ? Math.round(y(place.low)) : context.canvas.height + 2 * ratio,
  };
}
