import { describe, expect, it } from "vitest";
import { layFlame } from "../../../trace/flame";
import { drawn } from "../../../trace/testing/drawn";
import { AXIS, pixelAt, ROW, rowAt, scrollShowing, spanAt, timeAt } from "./scene";

const MODEL = drawn(`
  | a     |==========|
  |   b   | ===      |
  |   c   |      ==  |
`);
const FLAME = layFlame(MODEL);
const VIEW = { zoom: { from: 0, to: 10 }, width: 1000, scrollTop: 0 };

describe("a point of the flame graph", () => {
  it.each([
    ["on the axis", 500, AXIS - 1, -1],
    ["in the first row", 500, AXIS, 0],
    ["in the second", 250, AXIS + ROW, 1],
    ["beside a bar, within reach", 99, AXIS + ROW, 1],
    ["beside a bar, too far", 97, AXIS + ROW, -1],
    ["between bars", 500, AXIS + ROW, -1],
    ["below all rows", 500, AXIS + 2 * ROW, -1],
  ])("%s is of the span there", (_, x, y, expected) => {
    expect(spanAt(FLAME, VIEW, x, y)).toBe(expected);
  });

  it("is found where the rows are scrolled and the time is zoomed", () => {
    const view = { zoom: { from: 6, to: 8 }, width: 100, scrollTop: ROW };
    expect(rowAt(view, AXIS + 1)).toBe(1);
    expect(spanAt(FLAME, view, 10, AXIS + 1)).toBe(2);
    expect(timeAt(view, pixelAt(view, 7.25))).toBe(7.25);
  });
});

describe("scrolling to a row", () => {
  const height = AXIS + 10 * ROW;
  it.each([
    ["seen already", 5, 0, 0],
    ["above", 5, 200, 4 * ROW],
    ["the first", 0, 200, 0],
    ["below", 20, 0, 12 * ROW],
  ])("that is %s", (_, row, top, expected) => {
    expect(scrollShowing(row, top, height)).toBe(expected);
  });
});
