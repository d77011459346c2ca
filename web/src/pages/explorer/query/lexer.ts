/**
 * Text of a query → tokens, as `clew.query.language.lexer` reads it. Positions are indexes of
 * JavaScript strings. Null wherever the server would refuse the text.
 */

export type TokenKind = "name" | "number" | "string" | "word" | "operator";

export interface Token {
  kind: TokenKind;
  text: string;
  at: number;
  end: number;
  /** Of a name: its pieces, and whether they were quoted. Of a string or word: its value. */
  parts: readonly { value: string; quoted: boolean }[];
}

// What Python's regular expressions take for white space.
// biome-ignore lint/suspicious/noControlCharactersInRegex: Python counts four of them as white space
const SPACE = /[\s\x1c-\x1f\x85]*/y;
const RUN = /[\p{L}\p{N}_.$@#/:-]+/uy;
const NAME_START = /[\p{L}\p{Nl}\p{No}_.$@#]/uy;
const NUMBER = /\.?[0-9](?:[eE][+-]?(?=[0-9])|[\p{L}\p{N}_.])*/uy;
const OPERATOR =
  /===|&>>|&<<|!>>|!<<|!==|->|&&|&>|&<|&~|\|\||!>|!<|!~|!=|=~|==|=>|=<|>>|>=|<<|<=|<>|[-&|!=<>~^*/%+(){},:]/y;
const INNER = String.raw`[^\s{}()"\x60&|,<>]`;
const WORD = new RegExp(String.raw`(?![=!~*%+'])(?:${INNER})(?:${INNER}|\{${INNER}*\})*`, "y");
const STRINGS: Record<string, RegExp> = {
  '"': /"([^"\\]*(?:\\[\s\S][^"\\]*)*)"/y,
  "'": /'([^'\\]*(?:\\[\s\S][^'\\]*)*)'/y,
  "`": /`([^`]*)`/y,
};
const ESCAPES: Record<string, string> = {
  n: "\n",
  t: "\t",
  r: "\r",
  '"': '"',
  "'": "'",
  "\\": "\\",
};

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

export function skipSpace(text: string, at: number): number {
  return at + (match(SPACE, text, at)?.[0].length ?? 0);
}

/** The token at or after a place: "end" after the last, null for what is none. */
export function tokenAt(text: string, from: number): Token | "end" | null {
  const at = skipSpace(text, from);
  const character = text[at];
  if (character === undefined) return "end";
  if (character in STRINGS) {
    const found = stringAt(text, at);
    if (found === null) return null;
    const parts = [{ value: found.value, quoted: true }];
    return { kind: "string", text: text.slice(at, found.end), at, end: found.end, parts };
  }
  const number = match(NUMBER, text, at);
  if (number) return token("number", number[0], at);
  if (match(NAME_START, text, at)) return nameAt(text, at);
  const operator = match(OPERATOR, text, at);
  return operator ? token("operator", operator[0], at) : null;
}

function token(kind: TokenKind, text: string, at: number): Token {
  return { kind, text, at, end: at + text.length, parts: [] };
}

/** A value of the form without braces, which needs no quotes. */
export function wordAt(text: string, from: number): Token | null {
  const at = skipSpace(text, from);
  const found = match(WORD, text, at)?.[0];
  if (found === undefined || ["and", "or", "not"].includes(found.toLowerCase())) return null;
  return { ...token("word", found, at), parts: [{ value: found, quoted: true }] };
}

function nameAt(text: string, at: number): Token | null {
  const parts: { value: string; quoted: boolean }[] = [];
  let end = at;
  while (true) {
    const run = match(RUN, text, end)?.[0];
    if (run === undefined) break;
    parts.push({ value: run, quoted: false });
    end += run.length;
    if (!run.endsWith(".") || !((text[end] ?? "") in STRINGS)) break;
    const quoted = stringAt(text, end);
    if (quoted === null) return null;
    parts.push({ value: quoted.value, quoted: true });
    end = quoted.end;
    if (text[end] !== ".") break;
  }
  return { kind: "name", text: text.slice(at, end), at, end, parts };
}

function stringAt(text: string, at: number): { value: string; end: number } | null {
  const quote = text[at] ?? "";
  const pattern = STRINGS[quote];
  const found = pattern && match(pattern, text, at);
  if (!found) return null;
  const inner = found[1] ?? "";
  const end = at + found[0].length;
  if (quote === "`") return { value: inner, end };
  let known = true;
  const value = inner.replace(/\\([\s\S])/g, (_, escaped: string) => {
    const character = ESCAPES[escaped];
    known &&= character !== undefined;
    return character ?? "";
  });
  return known ? { value, end } : null;
}
