import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchNumber, nextMatch, searchSpans, withFound } from "./search";
import { drawn } from "./testing/drawn";

const MODEL = drawn(`
  | web:GetCart     |=====|
  |   db:select<    | =   |
  |   db:update!    |  == |
  |   web:getPrice  |    =|
`);

const places = (text: string) => [...searchSpans(MODEL, text).places];

describe("search", () => {
  it.each([
    ["a name, in any case", "getcart", [0]],
    ["a part of a name", "GET", [0, 3]],
    ["a service", "db", [1, 2]],
    ["an id", "0000000000000003", [2]],
    ["the end of an id", "0004", [3]],
    ["a status", "Error", [2]],
    ["a kind", "server", [1]],
    ["with spaces around it", "  update ", [2]],
    ["nothing", "", []],
    ["spaces", "  ", []],
    ["what is not there", "delete", []],
  ])("finds by %s", (_, text, expected) => {
    expect(places(text)).toEqual(expected);
  });

  it("adds what the server finds, once, and nothing outside the trace", () => {
    const both = withFound(searchSpans(MODEL, "db"), [0, 2, 7]);
    expect([...both.places]).toEqual([0, 1, 2]);
    expect([...both.mask]).toEqual([1, 1, 1, 0]);
  });

  it.each([
    [null, 1, 0],
    [null, -1, 3],
    [0, 1, 3],
    [3, 1, 0],
    [1, 1, 3],
    [1, -1, 0],
    [0, -1, 3],
  ] as const)("steps from %s by %i to %i, round the ends", (from, step, expected) => {
    expect(nextMatch(searchSpans(MODEL, "get"), from, step)).toBe(expected);
  });

  it("has no next without a match", () => {
    expect(nextMatch(searchSpans(MODEL, "delete"), 2, 1)).toBe(-1);
  });

  it("numbers matches as they are stepped through", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(3), { minLength: 1 }), (found) => {
        const matches = withFound(searchSpans(MODEL, ""), found);
        let place = -1;
        for (let number = 1; number <= found.length; number++) {
          place = nextMatch(matches, place, 1);
          expect(matchNumber(matches, place)).toBe(number);
        }
        expect(found.includes(place)).toBe(true);
      }),
    );
    expect(matchNumber(searchSpans(MODEL, "get"), 1)).toBe(0);
    expect(matchNumber(searchSpans(MODEL, "get"), null)).toBe(0);
  });
});
