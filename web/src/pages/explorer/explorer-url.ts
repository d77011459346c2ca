/** What of the explorer is in the address, beside the time range and the region. */

import { setOrDelete, type UrlCodec } from "../../route/url";

export type ResultView = "traces" | "spans";
export const SORTS = ["newest", "oldest", "slowest", "errors", "largest"] as const;
export type Sort = (typeof SORTS)[number];

export interface ExplorerState {
  query: string;
  view: ResultView;
  sort: Sort;
  /** Fields beside the usual columns, as a query writes them. */
  columns: readonly string[];
  /** Whether "What differs" is open. */
  differs: boolean;
}

const MOST_COLUMNS = 12;

export const explorerCodec: UrlCodec<ExplorerState> = {
  parse: (params) => ({
    query: params.get("q") ?? "",
    view: params.get("view") === "spans" ? "spans" : "traces",
    sort: SORTS.find((sort) => sort === params.get("sort")) ?? "newest",
    columns: [...new Set(params.getAll("column"))]
      .filter((one) => one !== "")
      .slice(0, MOST_COLUMNS),
    differs: params.get("differs") === "1",
  }),
  write(state, params) {
    setOrDelete(params, "q", state.query === "" ? null : state.query);
    setOrDelete(params, "view", state.view === "traces" ? null : state.view);
    setOrDelete(params, "sort", state.sort === "newest" ? null : state.sort);
    setOrDelete(params, "differs", state.differs ? "1" : null);
    params.delete("column");
    for (const column of state.columns) params.append("column", column);
  },
};
