/** From a span to those around it, as the arrow keys go. */

import { at, type TraceModel } from "./model";

export type Direction = "parent" | "child" | "next" | "previous";

/** The span in that direction, -1 if there is none. Spans at the top are siblings. */
export function relative(model: TraceModel, span: number, direction: Direction): number {
  const above = at(model.parent, span);
  if (direction === "parent") return above;
  if (direction === "child") return longestChild(model, span);
  const end = above < 0 ? model.count : at(model.end, above);
  if (direction === "next") return at(model.end, span) < end ? at(model.end, span) : -1;
  let before = -1;
  for (let other = above + 1; other < span; other = at(model.end, other)) before = other;
  return before;
}

/** The one that is the most to look at. */
function longestChild(model: TraceModel, span: number): number {
  let longest = -1;
  const end = at(model.end, span);
  for (let child = span + 1; child < end; child = at(model.end, child)) {
    if (longest < 0 || at(model.duration, child) > at(model.duration, longest)) longest = child;
  }
  return longest;
}
