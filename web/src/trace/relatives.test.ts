import { describe, expect, it } from "vitest";
import { type Direction, relative } from "./relatives";
import { drawn } from "./testing/drawn";

const MODEL = drawn(`
  | a     |=======|
  |   b   |==     |
  |     c | =     |
  |   d   |   === |
  |   e   |  ===  |
  | f     |     ==|
`);

describe("relative", () => {
  it.each<[string, Direction, string]>([
    ["a", "parent", "none"],
    ["c", "parent", "b"],
    ["a", "child", "d"],
    ["c", "child", "none"],
    ["b", "next", "d"],
    ["e", "next", "none"],
    ["a", "next", "f"],
    ["f", "next", "none"],
    ["d", "previous", "b"],
    ["b", "previous", "none"],
    ["f", "previous", "a"],
    ["a", "previous", "none"],
  ])("of %s: the %s is %s", (span, direction, expected) => {
    const found = relative(MODEL, MODEL.names.indexOf(span), direction);
    expect(MODEL.names[found] ?? "none").toBe(expected);
  });
});
