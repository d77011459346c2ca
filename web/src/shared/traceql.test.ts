import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type AttributeValue,
  attributeCondition,
  attributeName,
  excluding,
  including,
  literal,
  quoted,
} from "./traceql";

/** Reads a literal the way the server's lexer does. */
function unquoted(text: string): string {
  const match = /^"([^"\\]*(?:\\.[^"\\]*)*)"$/s.exec(text);
  if (match === null) throw new Error(`${text} is no string`);
  const known: Record<string, string> = { n: "\n", t: "\t", r: "\r", '"': '"', "\\": "\\" };
  return (match[1] ?? "").replace(/\\(.)/gs, (_, letter: string) => {
    const meant = known[letter];
    if (meant === undefined) throw new Error(`unknown escape ${letter}`);
    return meant;
  });
}

const anyText = fc.string({ unit: "binary" });
const scopes = fc.constantFrom("span", "resource", "event", "link", "instrumentation" as const);

test("a quoted text is read back as it was", () => {
  fc.assert(fc.property(anyText, (text) => unquoted(quoted(text)) === text));
});

test("a key is read back whole, whatever it holds", () => {
  fc.assert(
    fc.property(scopes, anyText, (scope, key) => {
      const name = attributeName(scope, key);
      if (key === "") return name === null;
      const rest = name?.slice(scope.length + 1) ?? "";
      return rest.startsWith('"')
        ? unquoted(rest) === key
        : rest === key && /^[\p{L}\p{N}_.\-/@#$]+$/u.test(rest);
    }),
  );
});

test.each([
  ["http.route", "span.http.route"],
  ["k8s.pod.label.app.kubernetes.io/name", "span.k8s.pod.label.app.kubernetes.io/name"],
  ["odd name", 'span."odd name"'],
  ["a:b", 'span."a:b"'],
  ["ends.", 'span."ends."'],
  ['say "hi"', 'span."say \\"hi\\""'],
  ["größe", "span.größe"],
  ["0.9", 'span."0.9"'],
])("the key %s is written %s", (key, written) => {
  expect(attributeName("span", key)).toBe(written);
});

test.each<[string, AttributeValue, string]>([
  ["text", { type: "string", text: 'a "b"\n\\' }, 'span.k = "a \\"b\\"\\n\\\\"'],
  ["text that looks like a number", { type: "string", text: "500" }, 'span.k = "500"'],
  [
    "an integer beyond doubles",
    { type: "int", text: "9007199254740993" },
    "span.k = 9007199254740993",
  ],
  ["the smallest integer", { type: "int", text: "-9223372036854775808" }, "span.k = minInt"],
  ["a double", { type: "double", number: 1.5e300 }, "span.k = 1.5e+300"],
  [
    "a double of many digits",
    { type: "double", number: 2 ** 64 },
    "span.k = 1.8446744073709552e+19",
  ],
  ["not a number", { type: "double", number: Number.NaN }, "span.k != nil"],
  ["a boolean", { type: "bool", bool: false }, "span.k = false"],
  ["bytes", { type: "bytes", base64: "AAE=" }, "span.k != nil"],
  ["a map", { type: "map", entries: [] }, "span.k != nil"],
  ["nothing", { type: "empty" }, "span.k != nil"],
  [
    "a list, each element once",
    {
      type: "array",
      values: [
        { type: "string", text: "a" },
        { type: "string", text: "a" },
        { type: "int", text: "1" },
      ],
    },
    'span.k = "a" && span.k = 1',
  ],
])("a condition on %s", (_, value, condition) => {
  expect(attributeCondition("span", "k", value)).toBe(condition);
});

test("half of a surrogate pair cannot be asked for", () => {
  expect(literal({ type: "string", text: "\ud800" })).toBeNull();
  expect(attributeCondition("span", "\ud800", { type: "bool", bool: true })).toBeNull();
});

test("a value that is longer than a query may be has no condition", () => {
  expect(attributeCondition("span", "k", { type: "string", text: "x".repeat(16_384) })).toBeNull();
});

test("excluding keeps the spans that have no such attribute", () => {
  expect(including("span.k = 1")).toBe("{ span.k = 1 }");
  expect(excluding("span.k = 1")).toBe("{ !(span.k = 1) }");
});
