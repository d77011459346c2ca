/** What of the page is in its address, besides the time range. */

import { choiceCodec, setOrDelete, textCodec, type UrlCodec } from "../../route/url";
import { addComparison } from "./query/edit";
import { intrinsic, writeDuration } from "./query/fields";
import { parseQuery } from "./query/parse";
import type { Region } from "./region";

export const queryCodec = textCodec("q");
export const viewCodec = choiceCodec("view", ["traces", "spans"] as const, "traces");

export interface Sort {
  column: string;
  descending: boolean;
}

/** `sort=duration` rises, `sort=-duration` falls; without it as the server gives: newest first. */
export const sortCodec: UrlCodec<Sort | null> = {
  parse(params) {
    const text = params.get("sort") ?? "";
    const column = text.replace(/^-/, "");
    return column === "" ? null : { column, descending: text.startsWith("-") };
  },
  write(sort, params) {
    setOrDelete(params, "sort", sort && `${sort.descending ? "-" : ""}${sort.column}`);
  },
};

/** A list under one name, given once for each; null where the address says nothing of it. */
export function listCodec(name: string): UrlCodec<readonly string[] | null> {
  return {
    parse(params) {
      const found = params.getAll(name);
      return found.length === 0 ? null : found.filter((one) => one !== "");
    },
    write(list, params) {
      params.delete(name);
      if (list === null) return;
      for (const one of list.length === 0 ? [""] : list) params.append(name, one);
    },
  };
}

export const traceColumnsCodec = listCodec("show");
export const spanColumnsCodec = listCodec("column");
export const facetsCodec = listCodec("open");

/** The query, only of the spans in a region of the heatmap; its time is asked for apart. */
export function narrowed(query: string, region: Region | null): string {
  const conditions = region === null ? [] : regionConditions(region);
  const parsed = parseQuery(query);
  if (conditions.length === 0 || parsed.form === "broken" || parsed.form === "traceId")
    return query;
  if (parsed.simple) return conditions.reduce(addComparison, query);
  // Whatever the query does, the spans that come out of it have to be these.
  const stage = conditions.reduce(addComparison, "");
  return parsed.form === "empty" ? stage : `${staged(query)} | ${stage}`;
}

/** The query as far as stages may follow: its hints change nothing. */
function staged(query: string): string {
  return query.replace(/\s+with\s*\([^()]*\)\s*$/, "").trimEnd();
}

type Conditions = Parameters<typeof addComparison>[1][];

function regionConditions({ minNs, maxNs, status }: Region): Conditions {
  const found: Conditions = [];
  const field = intrinsic("duration");
  const bound = (operator: string, ns: number) => {
    const text = writeDuration(BigInt(Math.round(ns)));
    found.push({ field, operator, value: { type: "duration", text } });
  };
  if (minNs !== undefined && minNs > 0) bound(">=", minNs);
  if (maxNs !== undefined) bound("<", maxNs);
  if (status !== undefined) {
    found.push({
      field: intrinsic("status"),
      operator: "=",
      value: { type: "status", text: status },
    });
  }
  return found;
}

/** The query with a stage that shows these fields of each matched span. */
export function selecting(query: string, fields: readonly string[]): string {
  const { form } = parseQuery(query);
  if (fields.length === 0 || form === "traceId" || form === "broken") return query;
  const stage = `select(${fields.join(", ")})`;
  return form === "empty" ? `{ } | ${stage}` : `${staged(query)} | ${stage}`;
}
