import { formatDuration, formatPercent } from "../../../shared/format";
import { at, type TraceModel } from "../../../trace/model";
import type { Trace } from "../store";
import { kindName, shownName, shownService } from "../words";

/**
 * Gives the cell under the pointer its title. Rows do not write theirs: two for each row that
 * enters would cost a fifth of the script of a frame, and nobody reads while the list moves.
 */
export function tell(target: EventTarget, { model }: Trace): void {
  if (!(target instanceof Element)) return;
  const cell = target.closest<HTMLElement>("[data-cell]");
  const node = Number(cell?.closest<HTMLElement>("[data-node]")?.dataset.node);
  if (cell === null || Number.isNaN(node)) return;
  const title = cell.dataset.cell === "name" ? nameOf(model, node) : timesOf(model, node);
  if (cell.title !== title) cell.title = title;
}

function nameOf(model: TraceModel, node: number): string {
  const service = shownService(model.services[at(model.service, node)] ?? "");
  return `${service} · ${shownName(model.names[at(model.name, node)] ?? "")}`;
}

function timesOf(model: TraceModel, node: number): string {
  const duration = at(model.duration, node);
  const share = model.durationNs > 0 ? duration / model.durationNs : 0;
  return [
    `${formatDuration(duration)}, ${formatPercent(share)} of the trace`,
    `self time ${formatDuration(at(model.selfTime, node))}`,
    `starts at +${formatDuration(at(model.start, node))}`,
    kindName(at(model.kind, node)),
  ].join("\n");
}
