/**
 * The part of a query that filters can show: comparisons joined by && in its first spanset. What
 * is more than that is kept as the text that it is.
 */

import {
  constantOf,
  type Field,
  fieldOf,
  type Literal,
  numberOf,
  sameField,
  wordIsText,
} from "./fields";
import { skipSpace, type Token, tokenAt, wordAt } from "./lexer";

export interface Comparison {
  field: Field;
  operator: string;
  value: Literal;
}

/** One operand of the conjunction, and where its text is. */
export type Term = { at: number; end: number } & (
  | { kind: "compare"; comparison: Comparison }
  /** `!(a = 1)` */
  | { kind: "not"; comparison: Comparison }
  /** `(a = 1 || a = 2)` */
  | { kind: "any"; field: Field; values: Literal[] }
  | { kind: "other" }
);

export type Form =
  /** Nothing: all traces. */
  | "empty"
  /** A first filter in braces. */
  | "braces"
  /** One filter without braces. */
  | "bare"
  /** Begins with a stage, which means the spans of all traces. */
  | "stages"
  | "traceId"
  /** No text of the language. */
  | "broken";

export interface Parsed {
  text: string;
  form: Form;
  terms: Term[];
  /** Where the conditions stand: between the braces, or up to the first stage. */
  at: number;
  end: number;
  /** The one term is a disjunction without parentheses. */
  open: boolean;
  /** Filters show all that the query says. */
  simple: boolean;
}

const TRACE_ID = /^(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{16})$/;
const STAGES = ["count", "avg", "min", "max", "sum", "quantile", "by", "select", "coalesce"];
const COMPARISONS = ["=", "!=", "<", "<=", ">", ">=", "=~", "!~"];
export const MIRRORED: Record<string, string> = { "<": ">", "<=": ">=", ">": "<", ">=": "<=" };

export function parseQuery(text: string): Parsed {
  const trimmed = text.trim();
  const whole = (form: Form): Parsed => {
    const simple = form === "empty";
    return { text, form, terms: [], at: 0, end: text.length, open: false, simple };
  };
  if (trimmed === "") return whole("empty");
  if (TRACE_ID.test(trimmed)) return whole("traceId");
  let first = tokenAt(text, 0);
  let parentheses = false;
  while (isOperator(first, "(")) {
    parentheses = true;
    first = tokenAt(text, first.end);
  }
  if (first === null || first === "end") return whole("broken");
  if (isOperator(first, "{")) return braces(text, first, parentheses);
  if (
    first.kind === "name" &&
    STAGES.includes(first.text) &&
    isOperator(tokenAt(text, first.end), "(")
  ) {
    return { ...whole("stages"), end: 0 };
  }
  return bare(text) ?? whole("broken");
}

function isOperator(
  token: Token | "end" | null | undefined,
  ...texts: string[]
): token is Token & { kind: "operator" } {
  return typeof token === "object" && token?.kind === "operator" && texts.includes(token.text);
}

function braces(text: string, opened: Token, parentheses: boolean): Parsed {
  const tokens: Token[] = [];
  const broken: Parsed = {
    text,
    form: "broken",
    terms: [],
    at: 0,
    end: text.length,
    open: false,
    simple: false,
  };
  let at = opened.end;
  while (true) {
    const token = tokenAt(text, at);
    if (token === null || token === "end" || isOperator(token, "{")) return broken;
    at = token.end;
    if (isOperator(token, "}")) break;
    tokens.push(token);
  }
  const found = split(tokens, false);
  if (found === null) return broken;
  const rest = parentheses || skipSpace(text, at) < text.length;
  const simple = !rest && found.terms.every(({ kind }) => kind !== "other");
  return { text, form: "braces", ...found, at: opened.end, end: at - 1, simple };
}

function bare(text: string): Parsed | null {
  const tokens: Token[] = [];
  let at = 0;
  // Where the operand began that an operator would compare.
  let operand = 0;
  let depth = 0;
  let end = text.length;
  while (true) {
    const last = tokens.at(-1);
    if (isOperator(last, ...COMPARISONS)) {
      const left = tokens.slice(operand, -1);
      const only = left.length === 1 && left[0]?.kind === "name" ? left[0] : undefined;
      const isLiteral = left.every(({ kind }) => kind === "number" || kind === "string");
      const word = isLiteral ? null : wordAt(text, at);
      if (word && wordIsText(only ? fieldOf(only) : null, last.text, word.text)) {
        tokens.push(word);
        at = word.end;
        continue;
      }
    }
    const token = tokenAt(text, at);
    if (token === null || isOperator(token, "{", "}")) return null;
    if (token === "end" || (depth === 0 && isOperator(token, "|"))) {
      end = token === "end" ? text.length : token.at;
      break;
    }
    if (token.text === "with" && isOperator(tokenAt(text, token.end), "(")) {
      end = token.at;
      break;
    }
    if (isOperator(token, "(")) depth++;
    if (isOperator(token, ")")) depth--;
    tokens.push(token);
    at = token.end;
    if (
      isOperator(token, "(", "&&", "||", "!") ||
      logic(token, true) !== "" ||
      isNot(token, true)
    ) {
      operand = tokens.length;
    }
  }
  const found = split(tokens, true);
  if (found === null || tokens.length === 0) return null;
  const simple = end === text.length && found.terms.every(({ kind }) => kind !== "other");
  return { text, form: "bare", ...found, at: 0, end: tokens.at(-1)?.end ?? end, simple };
}

/** `&&` or `||` if the token is one of them. */
function logic(token: Token, isBare: boolean): string {
  if (isOperator(token, "&&", "||")) return token.text;
  if (!isBare || token.kind !== "name") return "";
  return { and: "&&", or: "||" }[token.text.toLowerCase()] ?? "";
}

function isNot(token: Token, isBare: boolean): boolean {
  return isBare && token.kind === "name" && token.text.toLowerCase() === "not";
}

/** Operands between the top-level operators; null when parentheses do not match. */
function operands(tokens: Token[], operator: string, isBare: boolean): Token[][] | null {
  const parts: Token[][] = [[]];
  let depth = 0;
  for (const token of tokens) {
    if (isOperator(token, "(")) depth++;
    if (isOperator(token, ")") && --depth < 0) return null;
    if (depth === 0 && logic(token, isBare) === operator) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return depth === 0 ? parts : null;
}

function split(tokens: Token[], isBare: boolean): { terms: Term[]; open: boolean } | null {
  if (tokens.length === 0) return { terms: [], open: false };
  const choices = operands(tokens, "||", isBare);
  if (choices === null) return null;
  const open = choices.length > 1;
  const parts = open ? [tokens] : (operands(tokens, "&&", isBare) ?? []);
  if (parts.some((part) => part.length === 0)) return null;
  return { terms: parts.map((part) => term(part, isBare)), open };
}

function term(tokens: Token[], isBare: boolean): Term {
  const at = tokens[0]?.at ?? 0;
  const end = tokens.at(-1)?.end ?? 0;
  return { at, end, ...meaning(tokens, isBare) };
}

type Meaning = Term extends infer T ? (T extends Term ? Omit<T, "at" | "end"> : never) : never;

function meaning(tokens: Token[], isBare: boolean): Meaning {
  const comparison = comparisonOf(tokens);
  if (comparison) return { kind: "compare", comparison };
  const [first, ...rest] = tokens;
  if (first && (isOperator(first, "!") || isNot(first, isBare))) {
    const inner = isOperator(first, "!") ? unwrapped(rest) : (unwrapped(rest) ?? rest);
    const negated = inner && comparisonOf(inner);
    return negated ? { kind: "not", comparison: negated } : { kind: "other" };
  }
  const inner = unwrapped(tokens) ?? tokens;
  const single = comparisonOf(inner);
  if (single) return { kind: "compare", comparison: single };
  const choices = operands(inner, "||", isBare)?.map(comparisonOf) ?? [];
  const field = choices[0]?.field;
  const values: Literal[] = [];
  for (const choice of choices) {
    const same = choice && field && sameField(choice.field, field) && choice.operator === "=";
    if (!same) return { kind: "other" };
    values.push(choice.value);
  }
  return field ? { kind: "any", field, values } : { kind: "other" };
}

/** What is in the parentheses around all of it; null if there are none. */
function unwrapped(tokens: Token[]): Token[] | null {
  if (!isOperator(tokens[0], "(")) return null;
  let depth = 0;
  for (const [index, token] of tokens.entries()) {
    if (isOperator(token, "(")) depth++;
    if (isOperator(token, ")")) depth--;
    if (depth === 0) return index === tokens.length - 1 ? tokens.slice(1, -1) : null;
  }
  return null;
}

function comparisonOf(tokens: Token[]): Comparison | null {
  const [first] = tokens;
  if (tokens.length === 1 && first?.kind === "name" && constantOf(first.text) === null) {
    const field = fieldOf(first);
    // An attribute alone means that it is true; an intrinsic alone means nothing.
    const alone = field !== null && field.scope !== "intrinsic";
    return alone ? { field, operator: "=", value: { type: "bool", text: "true" } } : null;
  }
  const at = tokens.findIndex((token) => isOperator(token, ...COMPARISONS));
  const operator = tokens[at]?.text;
  if (operator === undefined) return null;
  const left = tokens.slice(0, at);
  const right = tokens.slice(at + 1);
  const straight = fieldIn(left);
  const value = literalIn(right);
  if (straight && value) return { field: straight, operator, value };
  const turned = fieldIn(right);
  const before = literalIn(left);
  const isRegex = operator === "=~" || operator === "!~";
  if (!turned || !before || isRegex) return null;
  return { field: turned, operator: MIRRORED[operator] ?? operator, value: before };
}

function fieldIn(tokens: Token[]): Field | null {
  const [only] = tokens;
  if (tokens.length !== 1 || only?.kind !== "name" || constantOf(only.text)) return null;
  return fieldOf(only);
}

function literalIn(tokens: Token[]): Literal | null {
  const [first, second] = tokens;
  if (
    first &&
    second &&
    tokens.length === 2 &&
    isOperator(first, "-") &&
    second.kind === "number"
  ) {
    return numberOf(second.text, true);
  }
  if (!first || tokens.length !== 1) return null;
  if (first.kind === "number") return numberOf(first.text);
  if (first.kind === "name") return constantOf(first.text);
  const value = first.parts[0]?.value;
  return value === undefined ? null : { type: "string", value };
}
