import { expect, test } from "vitest";
import { fromSearch } from "../../../api/convert-search";
import type { components } from "../../../api/types.gen";
import { fieldsFound, type SpanOfTrace } from "./columns";

type Wire = components["schemas"];

const SPAN: Wire["MatchedSpan"] = {
  spanId: "00f067aa0ba902b7",
  serviceName: "cart",
  name: "GET /",
  startTimeUnixNano: "2",
  durationNanos: "1",
  statusCode: 0,
  attributes: [{ key: "span.ms", value: { intValue: "7" } }],
};

function rowsOf(by: Wire["GroupValue"][]): SpanOfTrace[] {
  const page = fromSearch({
    traces: [
      {
        traceId: "0af7651916cd43dd8448eb211c80319c",
        rootServiceName: "cart",
        rootName: "GET /",
        startTimeUnixNano: "2",
        durationNanos: "1",
        spanCount: 1,
        errorCount: 0,
        orphanCount: 0,
        services: [],
        setCount: 1,
        spanSets: [{ by, matched: 1, spans: [SPAN] }],
      },
    ],
    nextCursor: null,
    covered: { startTimeUnixNano: "1", endTimeUnixNano: "3", limitedBy: null },
  });
  return page.traces.flatMap((trace) => trace.spans.map((span) => ({ span, trace })));
}

test("what a query groups by and selects becomes columns, once", () => {
  const by = [{ field: "resource.service.name", value: { stringValue: "cart" } }];
  const rows = rowsOf(by);
  expect(fieldsFound(rows, ["time"])).toEqual(["resource.service.name", "span.ms"]);
  expect(fieldsFound(rows, ["time", "span.ms"])).toEqual(["resource.service.name"]);
  expect(rows[0]?.span.selected.get("resource.service.name")).toBe("cart");
});

test("a group of spans that lack the field has an empty cell", () => {
  const rows = rowsOf([{ field: "span.a", value: null }]);
  expect(rows[0]?.span.selected.get("span.a")).toBe("");
});
