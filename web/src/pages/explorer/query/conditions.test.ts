import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { quoted } from "../../../shared/traceql";
import {
  type Condition,
  chosenValues,
  isCondition,
  type Operator,
  parseConditions,
  withCondition,
  withValues,
  writeConditions,
} from "./conditions";
import { tokens } from "./tokens";

const field = fc.constantFrom(
  "name",
  "duration",
  "status",
  "kind",
  "service.name",
  "span.http.route",
  'span."odd name"',
  "resource.host.name",
  ".a-b/c",
);
const literal = fc.oneof(
  fc.string({ unit: "binary" }).map((text) => quoted(text.replace(/\p{Surrogate}/gu, ""))),
  fc.integer().map(String),
  fc.constantFrom("100ms", "1.5s", "1h30m", "true", "nil", "1e3"),
);
const condition: fc.Arbitrary<Condition> = fc
  .record({
    field,
    operator: fc.constantFrom<Operator>("=", "!=", "<", ">=", "=~"),
    values: fc.uniqueArray(literal, { minLength: 1, maxLength: 3 }),
  })
  .map((one) =>
    // Several values of `!=` are several conditions.
    one.operator === "!=" ? { ...one, values: one.values.slice(0, 1) } : one,
  );

test("tokens are the whole text, in order, whatever it is", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (text) => {
      const found = tokens(text);
      expect(found.map((token) => token.text).join("")).toBe(text);
      for (const token of found) expect(text.slice(token.from, token.to)).toBe(token.text);
    }),
  );
});

test("conditions that were written are read back", () => {
  fc.assert(
    fc.property(fc.array(condition, { minLength: 1, maxLength: 4 }), (parts) => {
      const tail = "| count() > 2";
      expect(parseConditions(writeConditions({ parts, tail }))).toEqual({ parts, tail });
    }),
  );
});

test("values that were chosen are there, and taking them away gives the query back", () => {
  fc.assert(
    fc.property(
      fc.array(condition, { maxLength: 3 }),
      fc.uniqueArray(literal, { minLength: 1, maxLength: 3 }),
      (parts, values) => {
        const before = writeConditions({ parts, tail: "" });
        const after = withValues(before, "span.chosen", "=", values);
        expect(chosenValues(after, "span.chosen", "=")).toEqual(values);
        expect(withValues(after, "span.chosen", "=", [])).toBe(before);
      },
    ),
  );
});

test.each([
  ["", { parts: [], tail: "" }],
  ["{ }", { parts: [], tail: "" }],
  ["{ } | count() > 1", { parts: [], tail: "| count() > 1" }],
  [
    "service.name = by-hand and duration > 100ms",
    {
      parts: [
        { field: "service.name", operator: "=", values: ['"by-hand"'] },
        { field: "duration", operator: ">", values: ["100ms"] },
      ],
      tail: "",
    },
  ],
  [
    "service.name = 500",
    { parts: [{ field: "service.name", operator: "=", values: ['"500"'] }], tail: "" },
  ],
  [
    "status = error AND name =~ GET.*",
    null, // `GET.*` is no word in braces
  ],
  [
    "{ (kind = server || kind = consumer) && status != ok }",
    {
      parts: [
        { field: "kind", operator: "=", values: ["server", "consumer"] },
        { field: "status", operator: "!=", values: ["ok"] },
      ],
      tail: "",
    },
  ],
  [
    "{ span.a > span.b && duration > 1s }",
    {
      parts: [{ other: "span.a > span.b" }, { field: "duration", operator: ">", values: ["1s"] }],
      tail: "",
    },
  ],
  ["{ a = 1 || b = 2 }", { parts: [{ other: "(a = 1 || b = 2)" }], tail: "" }],
  ["{ status = error } >> { kind = client }", null],
  ["{ status = error } && { kind = client }", null],
  ["count() > 100", null],
  ["4bf92f3577b34da6a3ce929d0e0e4736", null],
  ["a = b or c = d", null],
  ["{ status = error", null],
  ["{ status = } }", null],
])("of %s filters can show this", (query, expected) => {
  expect(parseConditions(query)).toEqual(expected);
});

describe("a condition is added", () => {
  const golden: Record<string, string> = JSON.parse(
    readFileSync(new URL("./added.json", import.meta.url), "utf-8"),
  );

  // That the parser of the server takes all of them is a test of Python's.
  test.each(Object.entries(golden))("to %s", (before, after) => {
    expect(withCondition(before, "status = error")).toBe(after);
  });

  test("once only", () => {
    const query = "{ kind = server && status = error }";
    expect(withCondition(query, "status = error")).toBe(query);
  });
});

test("a filter knows a field by each of its names", () => {
  const query = '{ resource.service.name = "cart" && span:kind = server }';
  expect(chosenValues(query, "service.name", "=")).toEqual(['"cart"']);
  expect(chosenValues(query, "kind", "=")).toEqual(["server"]);
  expect(withValues(query, "service.name", "=", [])).toBe("{ span:kind = server }");
});

test("parts that filters do not know stay as they are", () => {
  const query = "{ span.a > span.b && !(kind = server) } | select(span.a)";
  const next = withValues(query, "status", "=", ["error"]);
  expect(next).toBe("{ span.a > span.b && !(kind = server) && status = error } | select(span.a)");
  expect(parseConditions(next)?.parts.filter(isCondition)).toHaveLength(1);
});
