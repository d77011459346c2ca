import type { Range } from "@tanstack/react-virtual";

/** Rows above and below what is in sight. */
const AROUND = 8;
/** Their number changes by so many at once, or each pixel would change it. */
const STEP = 8;

/**
 * Which rows are drawn: always the same number of them while the list scrolls, so that the element
 * of the row that leaves is free for the one that enters.
 */
export function windowOf({
  startIndex,
  endIndex,
  count,
}: Pick<Range, "startIndex" | "endIndex" | "count">): number[] {
  const seen = endIndex - startIndex + 1;
  const length = Math.min(count, Math.ceil((seen + 1) / STEP) * STEP + 2 * AROUND);
  const first = Math.max(0, Math.min(startIndex - AROUND, count - length));
  return Array.from({ length }, (_, at) => first + at);
}
