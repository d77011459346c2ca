/** How far the first data has come, in steps, as pure functions of what the server says. */

import type { Arrival, ArrivedTrace } from "../../api/convert-arrival";

export interface Step {
  name: string;
  reached: boolean;
  detail: string;
}

/** Connection seen → accepted → stored → searchable. A later step that is reached reaches those before. */
export function stepsOf(arrival: Arrival): Step[] {
  const { connections, acceptedSpans, storedSpans, traces } = arrival;
  const searchable = traces.length > 0;
  const stored = searchable || storedSpans > 0;
  const accepted = acceptedSpans > 0 || stored;
  return [
    {
      name: "Connection seen",
      reached: connections > 0 || accepted,
      detail: connections > 0 ? counted(connections, "connection") : "",
    },
    {
      name: "Accepted",
      reached: accepted,
      detail: acceptedSpans > 0 ? counted(acceptedSpans, "span") : "",
    },
    {
      name: "Stored",
      reached: stored,
      detail: storedSpans > 0 ? counted(storedSpans, "span") : "",
    },
    {
      name: "Searchable",
      reached: searchable,
      detail: searchable ? "found by a search" : storedSpans > 0 ? "none in the last 15 min" : "",
    },
  ];
}

function counted(count: number, what: string): string {
  return `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
}

/** What the page says first; somebody who had traces before is told of no first one. */
export function headline(arrival: Arrival, isFirst: boolean): string {
  if (ownTrace(arrival)) return isFirst ? "Your first trace is here" : "Your traces are arriving";
  if (arrival.traces.some((trace) => trace.source === "demo")) return "The demo shop is sending";
  if (arrival.traces.length > 0) return "The test trace is here; now your application";
  if (arrival.refusals.length > 0 && arrival.acceptedSpans === 0) return "Somebody was turned away";
  if (arrival.misdated.length > 0) return "Spans arrive, but their time is another";
  if (arrival.storedSpans > 0)
    return arrival.acceptedSpans > 0 ? "Spans are in the store" : "No spans since Clew was started";
  if (arrival.acceptedSpans > 0) return "Spans are on their way to the store";
  if (arrival.connections > 0) return "Somebody connected; no spans yet";
  return "Waiting for the first spans";
}

/** The newest trace that is neither a test nor the demo's. */
export function ownTrace(arrival: Arrival): ArrivedTrace | null {
  return arrival.traces.find((trace) => trace.source === "own") ?? null;
}
