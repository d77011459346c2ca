import { expect, test } from "vitest";
import { convertWhy, type WhyAnswer } from "./convert-why";

const ANSWER: WhyAnswer = {
  traceId: "ab".repeat(16),
  form: "a trace id",
  verdict: "refused",
  sampled: null,
  sentence: "No span of it is stored.",
  hint: "clew ledger --reason wrong_path",
  facts: [
    {
      kind: "wrong_path",
      sentence: "From 10.0.0.7.",
      count: 3,
      first: "1795348800000000001",
      last: "1795348800000000002",
    },
    { kind: "arrivals", sentence: "Nothing.", count: null, first: null, last: null },
  ],
  spanCount: 0,
  missingParentCount: 0,
  startTimeUnixNano: "1",
  endTimeUnixNano: "2",
};

test("times keep their nanoseconds, and what is not known is null", () => {
  const why = convertWhy(ANSWER);
  expect(why.facts.map((fact) => [fact.count, fact.firstNs])).toEqual([
    [3, 1_795_348_800_000_000_001n],
    [null, null],
  ]);
  expect(why.spans).toBe(0);
});
