/** A little colour for snippets: comments, strings and variables; everything else stays plain. */

export type Kind = "plain" | "comment" | "string" | "variable";

export interface Token {
  kind: Kind;
  text: string;
}

const STRING = String.raw`"(?:[^"\\\n]|\\.)*"`;
const SHELL = String.raw`(?<string>'[^']*'|"(?:[^"\\]|\\.)*")|(?<variable>\$\w+|\$\{\w+\}|\b[A-Z][A-Z_]*(?==))`;
const YAML = String.raw`(?<comment>(?<=^|\s)#[^\n]*)|(?<string>${STRING})|(?<variable>[\w-]+(?=:(?:\s|$)))`;
const CODE = String.raw`(?<comment>\/\/[^\n]*)|(?<string>${STRING})`;

const SYNTAX: Readonly<Record<string, RegExp>> = {
  sh: new RegExp(SHELL, "g"),
  yaml: new RegExp(YAML, "gm"),
  go: new RegExp(CODE, "g"),
  rs: new RegExp(CODE, "g"),
  rb: new RegExp(`(?<string>${STRING})`, "g"),
};

/** The text in pieces; joined they are the text again, whatever it is. */
export function colourCode(text: string, syntax: string): Token[] {
  const pattern = SYNTAX[syntax];
  if (pattern === undefined) return [{ kind: "plain", text }];
  const tokens: Token[] = [];
  let done = 0;
  for (const found of text.matchAll(pattern)) {
    if (found.index > done) tokens.push({ kind: "plain", text: text.slice(done, found.index) });
    tokens.push({ kind: kindOf(found.groups), text: found[0] });
    done = found.index + found[0].length;
  }
  if (done < text.length) tokens.push({ kind: "plain", text: text.slice(done) });
  return tokens;
}

function kindOf(groups: Readonly<Record<string, string | undefined>> | undefined): Kind {
  if (groups?.comment !== undefined) return "comment";
  return groups?.string !== undefined ? "string" : "variable";
}
