import { expect, test } from "vitest";
import { readGiven } from "./given-id";

const ID = "5b8efff798038103d269b633813fc60c";
const PARENT = `00-${ID}-051581bf3cb55c13-00`;

test.each([
  ["an id", ID, null],
  ["in capitals, with spaces", ` ${ID.toUpperCase()}\n`, null],
  ["as a UUID", "5b8efff7-9803-8103-d269-b633813fc60c", null],
  ["a traceparent", PARENT, PARENT],
  ["a header", `traceparent: ${PARENT}`, PARENT],
  ["an address", `https://apm.example/traces/${ID}?span=051581bf3cb55c13`, null],
])("%s is understood", (_, text, traceparent) => {
  expect(readGiven(text)).toEqual({ kind: "id", traceId: ID, traceparent });
});

test("an id of 64 bits has zeros before it", () => {
  expect(readGiven("051581bf3cb55c13")).toMatchObject({
    traceId: `${"0".repeat(16)}051581bf3cb55c13`,
  });
});

test.each([
  ["", "Paste"],
  [ID.slice(1), "this has 31"],
  ["0".repeat(32), "zeros"],
  ["checkout", "no trace id"],
])("what is wrong with %j is said", (text, sentence) => {
  const given = readGiven(text);
  expect(given.kind === "wrong" && given.sentence).toContain(sentence);
});
