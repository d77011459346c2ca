/** What of the page is in its address, besides the time range. */

import { choiceCodec, setOrDelete, textCodec, type UrlCodec } from "../../route/url";

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

/** Whether "What differs" is open. */
export const differsCodec = choiceCodec("differs", ["0", "1"], "0");
