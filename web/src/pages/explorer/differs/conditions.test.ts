import { expect, test } from "vitest";
import type { Comparison, Said } from "../../../api/convert-explore";
import { conditionOf, sampleText, sideText } from "./conditions";

test.each<[Said, string | null]>([
  [
    { scope: "span", key: "http.route", type: "string", value: '/a"b' },
    'span.http.route = "/a\\"b"',
  ],
  [{ scope: "resource", key: "odd name", type: "int", value: "7" }, 'resource."odd name" = 7'],
  [{ scope: "span", key: "ok", type: "bool", value: "false" }, "span.ok = false"],
  [{ scope: "span", key: "ratio", type: "float", value: "0.5" }, "span.ratio = 0.5"],
  [{ scope: "span", key: "ratio", type: "float", value: "nan" }, null],
  [{ scope: "span", key: "list", type: "other", value: "[1]" }, null],
  [{ scope: "intrinsic", key: "name", type: "string", value: "GET /" }, 'name = "GET /"'],
  [{ scope: "intrinsic", key: "event:name", type: "string", value: "x" }, 'event:name = "x"'],
  [{ scope: "intrinsic", key: "kind", type: "kind", value: "server" }, "kind = server"],
  [{ scope: "intrinsic", key: "status", type: "status", value: "error" }, "status = error"],
])("%o", (said, condition) => {
  expect(conditionOf(said)).toBe(condition);
});

const all: Comparison = {
  differences: [],
  outcomes: [],
  selection: { query: "{ }", matched: 312, sampled: 312 },
  baseline: { query: "{ }", matched: 5, sampled: 5 },
  timeShare: 1,
  limitedBy: null,
};

test("a sample is said to be one", () => {
  expect(sampleText(all)).toBeNull();
  expect(sideText(all.selection)).toBe("312 spans");
  const some = { ...all, timeShare: 0.25, limitedBy: "time" as const };
  expect(sampleText(some)).toBe(
    "From a sample: 25 % of the time, spread evenly, as the time allows.",
  );
  const large = { ...all, baseline: { query: "{ }", matched: 1_234_567, sampled: 10_000 } };
  expect(sampleText(large)).toBe("From a sample: whole traces chosen by their id.");
  expect(sideText(large.baseline)).toBe("10,000 of 1,234,567 spans");
});
