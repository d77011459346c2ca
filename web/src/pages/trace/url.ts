// What of the trace page stands in its address: everything that somebody else should see as you do.

import type { Zoom } from "../../trace/zoom";

export const VIEWS = ["waterfall", "flame", "spans"] as const;
export type View = (typeof VIEWS)[number];

export const PILLS = ["critical", "errors", "slowest"] as const;
export type Pill = (typeof PILLS)[number];

export const GROUPS = ["operation", "service", "span"] as const;
export type Group = (typeof GROUPS)[number];

export interface TraceView {
  view: View;
  /** Id of the selected span. */
  span: string | null;
  /** Which of its events is open. */
  event: number | null;
  /** Null: the whole trace. */
  zoom: Zoom | null;
  find: string;
  pills: readonly Pill[];
  service: string | null;
  /** Spans with another name are no match. */
  operation: string | null;
  /** Only matches, and the spans above them. */
  only: boolean;
  /** Spans of this depth and deeper are collapsed. */
  level: number | null;
  /** Times are corrected for clock skew. */
  corrected: boolean;
  group: Group;
}

export const FIRST_VIEW: TraceView = {
  view: "waterfall",
  span: null,
  event: null,
  zoom: null,
  find: "",
  pills: [],
  service: null,
  operation: null,
  only: false,
  level: null,
  corrected: false,
  group: "operation",
};

const LONGEST_FIND = 1000;

export const traceViewCodec = {
  /** What makes no sense in an address is left out; an address never breaks the page. */
  parse(params: URLSearchParams): TraceView {
    const span = params.get("span")?.toLowerCase() ?? "";
    const wanted = (params.get("show") ?? "").split(",");
    return {
      view: oneOf(VIEWS, params.get("view")) ?? FIRST_VIEW.view,
      span: /^[0-9a-f]{16}$/.test(span) ? span : null,
      event: count(params.get("event")),
      zoom: parseZoom(params.get("zoom")),
      find: (params.get("find") ?? "").slice(0, LONGEST_FIND),
      pills: PILLS.filter((pill) => wanted.includes(pill)),
      service: params.get("service"),
      operation: params.get("operation"),
      only: params.get("only") === "1",
      level: count(params.get("level")),
      corrected: params.get("skew") === "corrected",
      group: oneOf(GROUPS, params.get("group")) ?? FIRST_VIEW.group,
    };
  },
  write(view: TraceView, params: URLSearchParams): void {
    set(params, "view", view.view === FIRST_VIEW.view ? null : view.view);
    set(params, "span", view.span);
    set(params, "event", view.span === null || view.event === null ? null : String(view.event));
    set(params, "zoom", view.zoom && `${view.zoom.from}-${view.zoom.to}`);
    set(params, "find", view.find === "" ? null : view.find);
    set(params, "show", view.pills.length === 0 ? null : view.pills.join(","));
    set(params, "service", view.service);
    set(params, "operation", view.operation);
    set(params, "only", view.only ? "1" : null);
    set(params, "level", view.level === null ? null : String(view.level));
    set(params, "skew", view.corrected ? "corrected" : null);
    set(params, "group", view.group === FIRST_VIEW.group ? null : view.group);
  },
};

function parseZoom(text: string | null): Zoom | null {
  const match = /^(\d{1,16})-(\d{1,16})$/.exec(text ?? "");
  if (match === null) return null;
  const [from, to] = [Number(match[1]), Number(match[2])];
  return from < to && to <= Number.MAX_SAFE_INTEGER ? { from, to } : null;
}

function count(text: string | null): number | null {
  return text !== null && /^\d{1,7}$/.test(text) ? Number(text) : null;
}

function oneOf<T extends string>(words: readonly T[], text: string | null): T | null {
  return words.find((word) => word === text) ?? null;
}

function set(params: URLSearchParams, name: string, value: string | null): void {
  if (value === null) params.delete(name);
  else params.set(name, value);
}
