import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { at, endOf, type TraceModel } from "./model";
import { corrected, findSkew } from "./skew";
import { drawn } from "./testing/drawn";
import { anyTrace } from "./testing/random";

function picture(model: TraceModel): string[] {
  return [...model.parent.keys()].map((span) =>
    `${" ".repeat(at(model.start, span))}${"=".repeat(at(model.duration, span))}`.padEnd(10),
  );
}

describe("clock skew", () => {
  it.each([
    [
      "of a call served before it was made, with what is below it",
      `| web:a       |   =======|
       |   web:b>    |    ===== |
       |     db:c<   | ===      |
       |       db:d  |  =       |`,
      ["=======   ", " =====    ", "  ===     ", "   =      "],
      [{ span: 2, reason: "early", shift: 4 }],
    ],
    [
      "of a call served after it was answered",
      `| web:a>    |====      |
       |   db:b<   |      ==  |`,
      ["====      ", " ==       "],
      [{ span: 1, reason: "late", shift: -5 }],
    ],
    [
      "of one that cannot fit, which is moved to the start of its call",
      `| web:a>    |  ===     |
       |   db:b<   |======    |`,
      ["===       ", "======    "],
      [{ span: 1, reason: "early", shift: 2 }],
    ],
    [
      "along a chain, each beside its caller as corrected",
      `| a:a>      |   ======= |
       |   b:b<    |====      |
       |     b:c>  | ==       |
       |       c:d<|   ==     |`,
      ["=======   ", " ====     ", "  ==      ", "  ==      "],
      [
        { span: 1, reason: "early", shift: 4 },
        { span: 3, reason: "early", shift: 2 },
      ],
    ],
    [
      "between a client and a server of one service",
      `| a:a>      |  ====    |
       |   a:b<    |==        |`,
      ["====      ", " ==       "],
      [{ span: 1, reason: "early", shift: 3 }],
    ],
  ])("is seen and corrected: %s", (_, trace, expected, notes) => {
    const model = drawn(trace);
    const skew = findSkew(model);
    expect(skew.notes).toEqual(notes);
    expect(picture(corrected(model, skew))).toEqual(expected);
  });

  it.each([
    ["a call that is served within it", "| a:a> |====|\n|   b:b< | ==|"],
    ["work of one service that outlives what started it", "| a:a |==|\n|   a:b |  ===|"],
    ["an answer that came after the caller gave up", "| a:a> |==|\n|   b:b< | =====|"],
  ])("is not seen in %s", (_, trace) => {
    expect(findSkew(drawn(trace)).notes).toEqual([]);
  });

  it("is not seen in work that another service was left with", () => {
    const model = drawn("| a:a |=====   |\n|   b:b |    ===|");
    expect(findSkew(model).notes).toEqual([]);
  });

  it("is not seen in a message consumed later", () => {
    const model = drawn("| a:a |==|\n|   b:b |    ==|");
    model.kind[1] = 5;
    expect(findSkew(model).notes).toEqual([]);
  });

  it("moves the start of the trace and the events with their spans", () => {
    const model = drawn("| a:a> |   ====|\n|   b:b< |==    |");
    model.event = {
      span: Uint32Array.of(0, 1),
      offset: Float64Array.of(3, 1),
      exception: Uint8Array.of(0, 0),
      complete: true,
    };
    const fixed = corrected(model, findSkew(model));
    expect(fixed.startNs).toBe(model.startNs + 3n);
    expect([...fixed.start]).toEqual([0, 1]);
    expect([...fixed.event.offset]).toEqual([0, 2]);
    expect([...fixed.selfTime]).toEqual([2, 2]);
  });

  it("is gone once corrected, and within a process nothing moves", () => {
    fc.assert(
      fc.property(anyTrace, (model) => {
        const skew = findSkew(model);
        const fixed = corrected(model, skew);
        expect(findSkew(fixed).notes).toEqual([]);
        const noted = new Set(skew.notes.map((note) => note.span));
        for (let span = 0; span < model.count; span++) {
          const above = at(model.parent, span);
          if (above < 0) expect(skew.shift[span]).toBe(0);
          else if (noted.has(span)) {
            expect(at(fixed.start, span)).toBeGreaterThanOrEqual(at(fixed.start, above));
            if (at(model.duration, span) <= at(model.duration, above)) {
              expect(endOf(fixed, span)).toBeLessThanOrEqual(endOf(fixed, above));
            }
          } else if (model.service[span] === model.service[above]) {
            expect(skew.shift[span]).toBe(
              model.kind[span] === 2 && model.kind[above] === 3 ? 0 : skew.shift[above],
            );
          } else expect(skew.shift[span]).toBe(0);
        }
      }),
      { numRuns: 300 },
    );
  });
});
