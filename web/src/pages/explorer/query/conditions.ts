/**
 * The part of a query that filters can show: one filter in braces, or the short form without, whose
 * conditions all have to hold, and stages after it. Everything else is left as it is.
 */

import { quoted } from "../../../shared/traceql";
import { type Token, tokens } from "./tokens";

export type Operator = "=" | "!=" | "<" | "<=" | ">" | ">=" | "=~" | "!~";

/** `field operator value`; several values: any of them (or none, with `!=`). */
export interface Condition {
  field: string;
  operator: Operator;
  /** Literals, as the query writes them. */
  values: readonly string[];
}

/** A condition, or what stands between two `&&` and is none. */
export type Part = Condition | { other: string };

export interface Conditions {
  parts: readonly Part[];
  /** From the first `|` on. */
  tail: string;
}

const OPERATORS = new Set(["=", "!=", "<", "<=", ">", ">=", "=~", "!~"]);
const NUMBER_FIELDS = new Set(["duration", "span:duration", "traceDuration", "trace:duration"]);
const WORD_FIELDS = new Set(["status", "span:status", "kind", "span:kind"]);
const TEXT_FIELDS = new Set(["name", "span:name", "service.name", "resource.service.name"]);
const WORDS = new Set(["true", "false", "nil"]);

export function isCondition(part: Part): part is Condition {
  return "field" in part;
}

/** The conditions of a query; null when it is more than one filter and stages. */
export function parseConditions(query: string): Conditions | null {
  const all = tokens(query).filter((token) => token.kind !== "space");
  if (all.length === 0) return { parts: [], tail: "" };
  const braces = all[0]?.text === "{";
  if (!braces && all.some((token) => token.text === "{" || token.text === "}")) return null;
  // A trace id, or an aggregate in front.
  if (!braces && !all.some((token) => OPERATORS.has(token.text))) return null;
  const end = braces ? closing(all, 0) : firstPipe(all);
  if (end === null) return null;
  const inner = all.slice(braces ? 1 : 0, end);
  const after = all[braces ? end + 1 : end];
  if (after && after.kind !== "pipe") return null;
  if (!braces && all.slice(0, end).some((token) => token.kind === "open" && isCall(all, token))) {
    return null;
  }
  const tail = after ? query.slice(after.from).trim() : "";
  const pieces = split(inner, braces ? ["&&"] : ["&&", "and"]);
  if (pieces === null) return null;
  const parts = pieces.map((piece) => part(piece, query, braces));
  // What the short form means in braces is known of conditions only.
  return braces || parts.every(isCondition) ? { parts, tail } : null;
}

/** The query with these conditions, in braces. */
export function writeConditions({ parts, tail }: Conditions): string {
  if (parts.length === 0) return tail === "" ? "" : `{ } ${tail}`;
  const inner = parts.map((one) => (isCondition(one) ? written(one) : one.other)).join(" && ");
  return `{ ${inner} }${tail === "" ? "" : ` ${tail}`}`;
}

function written({ field, operator, values }: Condition): string {
  const each = values.map((value) => `${field} ${operator} ${value}`);
  if (each.length === 1) return each[0] ?? "";
  const negative = operator === "!=" || operator === "!~";
  return negative ? each.join(" && ") : `(${each.join(" || ")})`;
}

/**
 * The query, and a condition that has to hold as well. Where it is more than filters can show, the
 * first filter gets it.
 */
export function withCondition(query: string, condition: string): string {
  const found = parseConditions(query);
  if (found) {
    const already = writeConditions({ parts: [{ other: condition }], tail: "" });
    if (found.parts.some((one) => writeConditions({ parts: [one], tail: "" }) === already)) {
      return query;
    }
    const added = parseConditions(already)?.parts ?? [{ other: condition }];
    return writeConditions({ parts: [...found.parts, ...added], tail: found.tail });
  }
  const all = tokens(query).filter((token) => token.kind !== "space");
  const open = all.findIndex((token) => token.text === "{");
  if (open < 0) return withoutBraces(query, all, condition);
  const close = closing(all, open);
  const [first, last] = [all[open], close === null ? undefined : all[close]];
  // Not a query yet; the server says where.
  if (!first || !last) return `${query} && ${condition}`;
  const inner = query.slice(first.to, last.from).trim();
  const joined = inner === "" ? condition : `(${inner}) && ${condition}`;
  return `${query.slice(0, first.to)} ${joined} ${query.slice(last.from)}`;
}

function withoutBraces(query: string, all: readonly Token[], condition: string): string {
  const text = query.trim();
  if (/^[\da-f]{32}$/i.test(text)) return `{ trace:id = ${quoted(text)} && ${condition} }`;
  const end = firstPipe(all);
  const head = all.slice(0, end);
  // An aggregate in front is about what the filter leaves.
  if (head.some((token) => token.kind === "open" && isCall(all, token))) {
    return `{ ${condition} } | ${text}`;
  }
  const tail = all[end] ? ` ${query.slice(all[end].from).trim()}` : "";
  return `(${query.slice(head[0]?.from, head.at(-1)?.to)}) and ${condition}${tail}`;
}

/** Values by which a field is filtered for, `=` only; null when the query cannot be shown. */
export function chosenValues(query: string, field: string, operator: "=" | "!="): string[] | null {
  const found = parseConditions(query);
  if (found === null) return null;
  return found.parts.flatMap((one) =>
    isCondition(one) && sameField(one.field, field) && one.operator === operator
      ? [...one.values]
      : [],
  );
}

/** The query with exactly these values of a field, for one operator; none: any value. */
export function withValues(
  query: string,
  field: string,
  operator: Operator,
  values: readonly string[],
): string {
  const found = parseConditions(query);
  const next: Condition[] = values.length === 0 ? [] : [{ field, operator, values }];
  if (found === null) {
    return next.reduce((text, one) => withCondition(text, written(one)), query);
  }
  const isThat = (one: Part) =>
    isCondition(one) && sameField(one.field, field) && one.operator === operator;
  const at = found.parts.findIndex(isThat);
  const kept = found.parts.filter((one) => !isThat(one));
  const place =
    at < 0 ? kept.length : found.parts.slice(0, at).filter((one) => !isThat(one)).length;
  const parts = [...kept.slice(0, place), ...next, ...kept.slice(place)];
  return writeConditions({ parts, tail: found.tail });
}

/** `service.name` and `resource.service.name` are one field; so are `kind` and `span:kind`. */
export function sameField(one: string, other: string): boolean {
  return normal(one) === normal(other);
}

function normal(field: string): string {
  if (field === "resource.service.name" || field === ".service.name") return "service.name";
  return field.replace(/^span:(?=name$|duration$|kind$|status$|statusMessage$)/, "");
}

/** The place of the bracket that closes the one at `open`. */
function closing(all: readonly Token[], open: number): number | null {
  let depth = 0;
  for (let at = open; at < all.length; at++) {
    if (all[at]?.kind === "open") depth++;
    if (all[at]?.kind === "close" && --depth === 0) return at;
  }
  return null;
}

function firstPipe(all: readonly Token[]): number {
  const at = all.findIndex((token) => token.kind === "pipe");
  return at < 0 ? all.length : at;
}

/** `count(` and the like: a bracket right after a word. */
function isCall(all: readonly Token[], open: Token): boolean {
  const before = all[all.indexOf(open) - 1];
  return before?.kind === "word" && !/^(and|or|not)$/i.test(before.text);
}

/** At the operators outside of brackets; null when a bracket has no partner. */
function split(inner: readonly Token[], at: readonly string[]): Token[][] | null {
  const pieces: Token[][] = [[]];
  let depth = 0;
  for (const token of inner) {
    if (token.kind === "open") depth++;
    if (token.kind === "close") depth--;
    if (depth < 0) return null;
    if (depth === 0 && at.includes(token.text.toLowerCase())) pieces.push([]);
    else pieces.at(-1)?.push(token);
  }
  if (depth !== 0) return null;
  const last = pieces.filter((piece) => piece.length > 0);
  return last.length === pieces.length || inner.length === 0 ? last : null;
}

function part(piece: readonly Token[], query: string, braces: boolean): Part {
  return (
    comparison(piece, braces) ?? alternatives(piece, braces) ?? { other: otherText(piece, query) }
  );
}

function comparison(piece: readonly Token[], braces: boolean): Condition | null {
  const [field, operator, ...rest] = piece;
  const value = rest[0];
  if (!field || !operator || !value || rest.length !== 1) return null;
  if (field.kind !== "word" || !OPERATORS.has(operator.text)) return null;
  const literal = literalOf(value, field.text, braces);
  if (literal === null) return null;
  return { field: field.text, operator: operator.text as Operator, values: [literal] };
}

/** `(a = 1 || a = 2)`. */
function alternatives(piece: readonly Token[], braces: boolean): Condition | null {
  if (piece[0]?.text !== "(" || closing(piece, 0) !== piece.length - 1) return null;
  const each = split(piece.slice(1, -1), braces ? ["||"] : ["||", "or"]);
  if (each === null || each.length < 2) return null;
  const found = each.map((one) => comparison(one, braces));
  const first = found[0];
  if (!first || first.operator === "!=" || first.operator === "!~") return null;
  const values: string[] = [];
  for (const one of found) {
    if (one?.field !== first.field || one.operator !== first.operator) return null;
    values.push(...one.values);
  }
  return { ...first, values };
}

/** A value as braces want it; null when it is no literal. */
function literalOf(token: Token, field: string, braces: boolean): string | null {
  if (token.kind === "string") return token.text;
  if (token.kind !== "word" && token.kind !== "number") return null;
  if (braces) {
    const plain = token.kind === "number" || WORDS.has(token.text) || WORD_FIELDS.has(field);
    return plain ? token.text : null;
  }
  if (TEXT_FIELDS.has(field)) return quoted(token.text);
  if (NUMBER_FIELDS.has(field) || WORD_FIELDS.has(field)) return token.text;
  return token.kind === "number" || WORDS.has(token.text) ? token.text : quoted(token.text);
}

/** Text that stays as it is, and binds as it did. */
function otherText(piece: readonly Token[], query: string): string {
  const text = query.slice(piece[0]?.from, piece.at(-1)?.to);
  return hasOr(piece) ? `(${text})` : text;
}

function hasOr(piece: readonly Token[]): boolean {
  let depth = 0;
  for (const token of piece) {
    if (token.kind === "open") depth++;
    if (token.kind === "close") depth--;
    if (depth === 0 && token.text === "||") return true;
  }
  return false;
}
