/** A query in tokens, each with its place: enough for colours, completion and editing conditions. */

export type TokenKind =
  | "space"
  | "string"
  | "number"
  | "word"
  | "operator"
  | "open"
  | "close"
  | "pipe"
  | "unknown";

export interface Token {
  kind: TokenKind;
  text: string;
  from: number;
  to: number;
}

const PATTERNS: readonly (readonly [TokenKind, RegExp])[] = [
  ["space", /\s+/y],
  // An end that is not there yet is the end of the text.
  ["string", /"(?:[^"\\]|\\.)*(?:"|$)|'(?:[^'\\]|\\.)*(?:'|$)|`[^`]*(?:`|$)/sy],
  ["operator", /&&|\|\||!=|!~|=~|<=|>=|!>>|!<<|!>|!<|!~|&>>|&<<|&>|&<|>>|<<|=|<|>|!|\+|\*|%|\^|,/y],
  ["pipe", /\|/y],
  ["open", /[{(]/y],
  ["close", /[})]/y],
  [
    "number",
    /-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?(?:(?:ns|us|µs|ms|s|m|h|d)(?:\d+(?:\.\d+)?(?:ns|us|µs|ms|s|m|h|d))*)?(?![\w.\-/])/iy,
  ],
  // Names may go on in quotes: span."odd name".
  ["word", /(?:[\p{L}\d_.\-/@#$:]|(?<=[.])"(?:[^"\\]|\\.)*")+/uy],
];

export function tokens(text: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const token = tokenAt(text, at);
    found.push(token);
    at = token.to;
  }
  return found;
}

function tokenAt(text: string, from: number): Token {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = from;
    const match = pattern.exec(text);
    if (match && match[0] !== "") {
      return { kind, text: match[0], from, to: from + match[0].length };
    }
  }
  const text1 = String.fromCodePoint(text.codePointAt(from) ?? 0);
  return { kind: "unknown", text: text1, from, to: from + text1.length };
}
