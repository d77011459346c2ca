import fc from "fast-check";
import { expect, test } from "vitest";
import { regionConditions, withColumns, withRegion } from "./asked";
import { placeOf } from "./bar/mistake";
import { typedDuration } from "./filters/duration";
import type { Column } from "./results/grid";
import { sorted } from "./results/sorted";
import { listCodec, type Sort, sortCodec } from "./state";

const REGION = {
  startNs: 0n,
  endNs: 1n,
  minNs: 1_000_000,
  maxNs: 2_000_000,
  status: "error",
} as const;

test.each([
  ["", "{ duration >= 1ms && duration < 2ms && status = error }"],
  ["{ kind = server }", "{ kind = server && duration >= 1ms && duration < 2ms && status = error }"],
  ["name = a", "name = a and duration >= 1ms and duration < 2ms and status = error"],
  [
    "{ } >> { kind = server } with (most_recent=true)",
    "{ } >> { kind = server } | { duration >= 1ms && duration < 2ms && status = error }",
  ],
  ["count() > 3", "count() > 3 | { duration >= 1ms && duration < 2ms && status = error }"],
  ["4bf92f3577b34da6", "4bf92f3577b34da6"],
  ["{ name = ", "{ name = "],
])("%s of a region", (query, asked) => {
  expect(withRegion(query, REGION)).toBe(asked);
});

test("conditions of a region stand alone", () => {
  expect(regionConditions(REGION)).toEqual(["duration >= 1ms", "duration < 2ms", "status = error"]);
  expect(regionConditions({ startNs: 0n, endNs: 1n, minNs: 0 })).toEqual([]);
});

test("columns are selected by a stage, but not of what can have none", () => {
  expect(withColumns("", ["kind", "span.a"])).toBe("{ } | select(kind, span.a)");
  expect(withColumns("name = a", ["kind"])).toBe("name = a | select(kind)");
  expect(withColumns("4bf92f3577b34da6", ["kind"])).toBe("4bf92f3577b34da6");
});

test("a mistake is where the server counts characters", () => {
  const text = '{ name = "🎉🎉" && kind = servr }';
  const characters = [...text.slice(0, text.indexOf("servr"))].length;
  const { from, to } = placeOf(text, characters);
  expect(text.slice(from, to)).toBe("servr");
  expect(placeOf("{ name = ", 9)).toEqual({ from: 7, to: 8 });
  expect(placeOf("", 0)).toEqual({ from: 0, to: 0 });
});

test.each<[string, bigint | null | "wrong"]>([
  ["", null],
  ["100", 100_000_000n],
  ["1.5 s", 1_500_000_000n],
  ["2 min", 120_000_000_000n],
  ["fast", "wrong"],
])("the duration %s as somebody types it", (text, ns) => {
  expect(typedDuration(text)).toBe(ns);
});

const COLUMNS: Column<number | string>[] = [
  { id: "it", label: "It", width: 1, order: (row) => row, cell: () => null },
];

test("rows are sorted by a column, numbers before words, and stay without one", () => {
  const rows = [3, "b", 1, "a", 2];
  expect(sorted(rows, COLUMNS, { column: "it", descending: false })).toEqual([1, 2, 3, "a", "b"]);
  expect(sorted(rows, COLUMNS, { column: "it", descending: true })).toEqual(["b", "a", 3, 2, 1]);
  expect(sorted(rows, COLUMNS, { column: "gone", descending: true })).toBe(rows);
  expect(sorted(rows, COLUMNS, null)).toBe(rows);
});

test("what is written to the address is read back", () => {
  const texts = fc.array(fc.string({ unit: "grapheme", minLength: 1 }));
  const codec = listCodec("column");
  fc.assert(
    fc.property(fc.option(texts), (list) => {
      const params = new URLSearchParams("q=kept&column=old");
      codec.write(list, params);
      const read = new URLSearchParams(params.toString());
      expect(codec.parse(read)).toEqual(list);
      expect(read.get("q")).toBe("kept");
    }),
  );
  for (const sort of [null, { column: "duration", descending: true }] satisfies (Sort | null)[]) {
    const params = new URLSearchParams();
    sortCodec.write(sort, params);
    expect(sortCodec.parse(params)).toEqual(sort);
  }
});
