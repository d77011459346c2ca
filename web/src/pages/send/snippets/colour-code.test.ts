import fc from "fast-check";
import { expect, test } from "vitest";
import { colourCode } from "./colour-code";

const SYNTAXES = ["sh", "yaml", "go", "rs", "rb", "txt"];

function pieces(text: string, syntax: string): string[] {
  return colourCode(text, syntax)
    .filter(({ kind }) => kind !== "plain")
    .map(({ kind, text }) => `${kind} ${text}`);
}

test("nothing is lost, whatever the text is", () => {
  const unit = fc.constantFrom(..."'\"\\#$ {}/\n:aA_=".split(""));
  fc.assert(
    fc.property(fc.string({ unit }), fc.constantFrom(...SYNTAXES), (text, syntax) => {
      const tokens = colourCode(text, syntax);
      expect(tokens.map((token) => token.text).join("")).toBe(text);
    }),
  );
});

test("a shell's strings and variables", () => {
  expect(pieces(`export OTEL_SERVICE_NAME='my $shop' "$HOME" \${now}0 $x`, "sh")).toEqual([
    "variable OTEL_SERVICE_NAME",
    "string 'my $shop'",
    'string "$HOME"',
    `variable \${now}`,
    "variable $x",
  ]);
});

test("YAML's keys, strings and comments", () => {
  expect(pieces('a-b: "c # d: \\" e" # f\nhost: http://x:1#y', "yaml")).toEqual([
    "variable a-b",
    'string "c # d: \\" e"',
    "comment # f",
    "variable host",
  ]);
});

test("an address in a string is no comment", () => {
  expect(pieces('get("http://x") // why', "go")).toEqual(['string "http://x"', "comment // why"]);
});
