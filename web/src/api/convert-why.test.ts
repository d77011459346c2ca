import { expect, test } from "vitest";
import { convertWhy, type WhyAnswer } from "./convert-why";

const ANSWER: WhyAnswer = {
  traceId: "5b8efff798038103d269b633813fc60c",
  form: "a trace id",
  verdict: "refused",
  sampled: null,
  sentence: "Spans were refused.",
  hint: "",
  spanCount: 0,
  missingParentCount: 0,
  startTimeUnixNano: "1795407692553246720",
  endTimeUnixNano: "1795407692553246720",
  facts: [
    {
      kind: "missing_key",
      sentence: "A key was missing.",
      count: 3,
      first: "1795407692553246719",
      last: "1795407692553246720",
    },
    { kind: "retention", sentence: "Kept for 14 days.", count: null, first: null, last: null },
  ],
};

test("what is not known is null, and times keep every nanosecond", () => {
  const why = convertWhy(ANSWER);
  expect(why).toMatchObject({ hint: null, spans: 0 });
  expect(why.facts).toMatchObject([
    { count: 3, firstNs: 1795407692553246719n, lastNs: 1795407692553246720n },
    { count: null, firstNs: null, lastNs: null },
  ]);
});
