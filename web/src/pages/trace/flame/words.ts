import { formatDuration, formatExact, formatPercent } from "../../../shared/format";
import type { Flame } from "../../../trace/flame";
import { at, Flag, Status, type TraceModel } from "../../../trace/model";
import type { Zoom } from "../../../trace/zoom";
import { shownName, shownService } from "../words";

export function nameOf(model: TraceModel, span: number): string {
  return shownName(model.names[at(model.name, span)] ?? "");
}

export function serviceOf(model: TraceModel, span: number): string {
  return shownService(model.services[at(model.service, span)] ?? "");
}

export function shareOf(model: TraceModel, span: number): string {
  return formatPercent(at(model.duration, span) / Math.max(1, model.durationNs));
}

/** What the picture says, for who does not see it. */
export function graphInWords(model: TraceModel, flame: Flame): string {
  const parts = [
    `${formatExact(model.count)} spans of ${formatExact(model.services.length)} services`,
    `in ${formatDuration(model.durationNs)}, ${formatExact(flame.rows)} rows`,
  ];
  return `${parts.join(" ")}.`;
}

export function zoomInWords({ from, to }: Zoom): string {
  return `Shown: ${formatDuration(from)} to ${formatDuration(to)}.`;
}

export function spanInWords(model: TraceModel, span: number): string {
  const children = countChildren(model, span);
  const parts = [
    `${nameOf(model, span)}, ${serviceOf(model, span)}`,
    formatDuration(at(model.duration, span)),
    `${shareOf(model, span)} of the trace`,
    `starts at ${formatDuration(at(model.start, span))}`,
    `depth ${at(model.depth, span)}`,
    children === 1 ? "1 child" : `${formatExact(children)} children`,
  ];
  if (at(model.status, span) === Status.error) parts.splice(1, 0, "error");
  if ((at(model.flags, span) & Flag.parentMissing) !== 0) parts.push("its parent is missing");
  return `${parts.join(", ")}.`;
}

function countChildren(model: TraceModel, span: number): number {
  let count = 0;
  for (let child = span + 1; child < at(model.end, span); child = at(model.end, child)) count++;
  return count;
}
