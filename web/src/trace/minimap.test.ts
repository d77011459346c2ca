import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { layMinimap } from "./minimap";
import { at, endOf, type TraceModel } from "./model";
import { drawn } from "./testing/drawn";
import { largeTrace } from "./testing/large";
import { isWithin } from "./testing/naive";
import { anyTrace } from "./testing/random";

const MODEL = drawn(`
  | web:a     |========|
  |   db:b    | ==     |
  |   db:c!   |    ==  |
  |   web:d   |      ==|
`);

/** `a` the first service, `b` the second; capital where there is an error. */
function picture(model: TraceModel, width: number, height: number, mask?: Uint8Array): string[] {
  const map = layMinimap(model, width, height, mask);
  return Array.from({ length: height }, (_, row) =>
    Array.from({ length: width }, (_, column) => {
      const place = row * width + column;
      const letter = ".abcdefg"[at(map.service, place)] ?? "?";
      return map.error[place] === 1 ? letter.toUpperCase() : letter;
    }).join(""),
  );
}

describe("the minimap", () => {
  it("has a line a depth", () => {
    expect(picture(MODEL, 8, 3)).toEqual(["aaaaaaaa", ".bb.BBaa", "........"]);
  });

  it("has higher lines for few depths, apart from each other", () => {
    expect(picture(drawn("| a |==|\n|   b | =|"), 4, 9)).toEqual([
      "aaaa",
      "aaaa",
      "aaaa",
      "....",
      "..aa",
      "..aa",
      "..aa",
      "....",
      "....",
    ]);
  });

  it("has room for the first depths when there are more than pixels", () => {
    const deep = drawn("| a:a |====|\n|   b:b | ==|\n|     c:c | =|\n|       d:d! |  =|");
    expect(picture(deep, 4, 2)).toEqual(["abba", ".cD."]);
    expect(picture(deep, 4, 6)).toEqual(["aaaa", "aaaa", ".bb.", ".bb.", ".c..", "..D."]);
  });

  it("has spans whose parent is missing where that would have been called from", () => {
    const lost = drawn("| a:a |====|\n| lost? | |\n|   b:b | ==|");
    expect(picture(lost, 4, 2)).toEqual(["aaaa", ".bb."]);
  });

  it("leaves out what a filter hides", () => {
    expect(picture(MODEL, 8, 2, Uint8Array.of(1, 0, 2, 0))).toEqual(["aaaaaaaa", "....BB.."]);
  });

  it("shows instants, and marks columns where errors come from", () => {
    const model = drawn("| a! |====|\n|   b*! | =|");
    expect(picture(model, 4, 2)).toEqual(["AAAA", ".A.."]);
    expect([...layMinimap(model, 4, 2).errorColumn]).toEqual([0, 1, 0, 0]);
  });

  it("shows every span somewhere, and an error in a column only where one runs", () => {
    fc.assert(
      fc.property(
        anyTrace,
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 12 }),
        (model, width, height) => {
          const map = layMinimap(model, width, height);
          const scale = model.durationNs > 0 ? width / model.durationNs : 0;
          const touches = (span: number, column: number) => {
            const left = Math.min(width - 1, Math.floor(at(model.start, span) * scale));
            return left === column || (left < column && column < endOf(model, span) * scale);
          };
          const spans = [...model.parent.keys()];
          for (let column = 0; column < width; column++) {
            const running = spans.filter((span) => touches(span, column));
            const failed = running.some(
              (span) =>
                model.status[span] === 2 &&
                !spans.some((o) => o !== span && model.status[o] === 2 && isWithin(model, o, span)),
            );
            expect(map.errorColumn[column]).toBe(failed ? 1 : 0);
            const drawnHere = Array.from(
              { length: height },
              (_, row) => map.service[row * width + column],
            );
            expect(drawnHere.some((service) => service !== 0)).toBe(running.length > 0);
            const services = new Set(running.map((span) => at(model.service, span) + 1));
            const strangers = drawnHere.filter((one) => one !== 0 && !services.has(one ?? -1));
            expect(strangers).toEqual([]);
          }
        },
      ),
    );
  });

  it("of 100,000 spans is laid out in time", () => {
    const model = largeTrace(100_000);
    const before = performance.now();
    layMinimap(model, 1800, 72);
    expect(performance.now() - before).toBeLessThan(10_000);
  });
});
