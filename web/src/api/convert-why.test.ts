import { expect, test } from "vitest";
import { convertWhy } from "./convert-why";

const ANSWER = {
  traceId: "5b8efff798038103d269b633813fc60c",
  verdict: "refused",
  sampled: null,
  sentence: "Spans were refused.",
  hint: "",
  facts: [
    {
      kind: "refused",
      sentence: "A key was missing.",
      count: 3,
      first: "2026-11-23T04:00:05.000000001Z",
      last: "1795407692553246720",
    },
    { kind: "retention", sentence: "Kept for 14 days.", first: "soon" },
  ],
};

test("what an answer leaves out is nothing, and times keep every nanosecond", () => {
  const why = convertWhy(ANSWER);
  expect(why).toMatchObject({ hint: null, spans: 0 });
  expect(why.facts[0]).toMatchObject({
    count: 3,
    firstNs: BigInt(Date.UTC(2026, 10, 23, 4, 0, 5)) * 1_000_000n + 1n,
    lastNs: 1795407692553246720n,
  });
  expect(why.facts[1]).toMatchObject({ count: null, firstNs: null, lastNs: null });
});
