import { describe, expect, it } from "vitest";
import { TextFitter } from "./fit-text";

/** Wide letters are twelve pixels, others six. */
function context(): CanvasRenderingContext2D {
  const measureText = (text: string) => ({
    width: [...text].reduce((sum, one) => sum + (one === "W" ? 12 : 6), 0),
  });
  return { font: "11px x", measureText } as unknown as CanvasRenderingContext2D;
}

describe("text that is cut to its room", () => {
  it.each([
    ["cart", 24, "cart"],
    ["checkout", 30, "chec…"],
    ["WWWWiiii", 40, "WW…"],
    ["cart", 12, ""],
    ["", 5, ""],
  ])("%s in %i pixels is %j", (text, room, expected) => {
    expect(new TextFitter().fit(context(), text, room)).toBe(expected);
  });

  it("measures no more of a book than its beginning", () => {
    expect(new TextFitter().fit(context(), "i".repeat(1_000_000), 60)).toBe("iiiiiiiii…");
  });
});
