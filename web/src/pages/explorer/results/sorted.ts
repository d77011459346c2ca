import type { Sort } from "../state";
import type { Column } from "./grid";

/** Rows by a column, equal ones as they came; as they are where no such column is shown. */
export function sorted<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  sort: Sort | null,
): readonly Row[] {
  const order = sort && columns.find(({ id }) => id === sort.column)?.order;
  if (!order) return rows;
  const by = sort.descending ? -1 : 1;
  const keyed = rows.map((row) => [order(row), row] as const);
  return keyed.sort(([a], [b]) => by * compared(a, b)).map(([, row]) => row);
}

function compared(a: number | bigint | string, b: number | bigint | string): number {
  // Of mixed values, numbers come before text.
  if (typeof a !== typeof b) return typeof a === "string" ? 1 : -1;
  return a < b ? -1 : a > b ? 1 : 0;
}
