/** Changes single conditions of a query's text and leaves the rest of it as it is. */

import {
  type Field,
  intrinsic,
  isOn,
  type Literal,
  literalKey,
  SERVICE,
  sameField,
  wordIsText,
  writeDuration,
  writeField,
  writeLiteral,
} from "./fields";
import { type Comparison, type Form, MIRRORED, type Parsed, parseQuery, type Term } from "./parse";

/** What a query asks of one field. */
export interface Asked {
  include: Literal[];
  exclude: Literal[];
  min: Literal | null;
  max: Literal | null;
  /** Conditions of another form, such as regular expressions: their places in `terms`. */
  others: number[];
}

type Role = "include" | "exclude" | "min" | "max" | "others";

function roleOf(term: Term, field: Field): Role | null {
  switch (term.kind) {
    case "any":
      return isOn(term.field, field) ? "include" : null;
    case "not":
      if (!isOn(term.comparison.field, field)) return null;
      return term.comparison.operator === "=" ? "exclude" : "others";
    case "compare": {
      if (!isOn(term.comparison.field, field)) return null;
      // Whether the field is there at all is no value of it.
      if (term.comparison.value.type === "nil") return "others";
      const roles: Record<string, Role> = {
        "=": "include",
        "!=": "exclude",
        ">": "min",
        ">=": "min",
        "<": "max",
        "<=": "max",
      };
      return roles[term.comparison.operator] ?? "others";
    }
    case "other":
      return null;
  }
}

export function askedOf(parsed: Parsed, field: Field): Asked {
  const asked: Asked = { include: [], exclude: [], min: null, max: null, others: [] };
  for (const [at, term] of parsed.terms.entries()) {
    const role = roleOf(term, field);
    if (role === null) continue;
    const values =
      term.kind === "any" ? term.values : "comparison" in term ? [term.comparison.value] : [];
    if (role === "include" || role === "exclude") asked[role].push(...values);
    else if (role === "others") asked.others.push(at);
    else asked[role] ??= values[0] ?? null;
  }
  return asked;
}

function writeComparison({ field, operator, value }: Comparison, form: Form): string {
  const written = writeLiteral(value);
  // Without braces `service.version = 5` is about the text "5"; a value that stands first is not.
  if (form === "bare" && value.type !== "string" && wordIsText(field, operator, written)) {
    return `${written} ${MIRRORED[operator] ?? operator} ${writeField(field)}`;
  }
  return `${writeField(field)} ${operator} ${written}`;
}

/** Asks for any of some values, and for none of others; without both, the field may be anything. */
export function setValues(
  text: string,
  field: Field,
  { include, exclude }: { include: readonly Literal[]; exclude: readonly Literal[] },
): string {
  const parsed = parseQuery(text);
  const texts = [
    ...includeText(parsed, field, distinct(include)),
    ...excludeTexts(parsed, field, distinct(exclude)),
  ];
  return replaced(
    parsed,
    (term) => ["include", "exclude"].includes(roleOf(term, field) ?? ""),
    texts,
  );
}

function includeText(parsed: Parsed, field: Field, values: Literal[]): string[] {
  const or = parsed.form === "bare" ? " or " : " || ";
  const texts = values.map((value) =>
    writeComparison({ field, operator: "=", value }, parsed.form),
  );
  if (texts.length < 2) return texts;
  return [`(${texts.join(or)})`];
}

function excludeTexts({ form }: Parsed, field: Field, values: Literal[]): string[] {
  // `!=` does not find spans without the attribute, which are to stay.
  const always = field.scope === "intrinsic" || sameField(field, SERVICE);
  return values.map((value) =>
    always
      ? writeComparison({ field, operator: "!=", value }, form)
      : `!(${writeComparison({ field, operator: "=", value }, form)})`,
  );
}

function distinct(values: readonly Literal[]): Literal[] {
  return [...new Map(values.map((value) => [literalKey(value), value])).values()];
}

/** Bounds of a duration, both included; null for none. */
export function setDuration(text: string, min: bigint | null, max: bigint | null): string {
  const field = intrinsic("duration");
  const parsed = parseQuery(text);
  const bound = (operator: string, ns: bigint | null) => {
    if (ns === null) return [];
    const value = { type: "duration", text: writeDuration(ns) } as const;
    return [writeComparison({ field, operator, value }, parsed.form)];
  };
  const texts = [...bound(">=", min), ...bound("<=", max)];
  return replaced(parsed, (term) => ["min", "max"].includes(roleOf(term, field) ?? ""), texts);
}

/** The query and one more condition; as it is if it has that already. */
export function addComparison(text: string, comparison: Comparison): string {
  const parsed = parseQuery(text);
  const has = parsed.terms.some(
    (term) =>
      term.kind === "compare" &&
      sameField(term.comparison.field, comparison.field) &&
      term.comparison.operator === comparison.operator &&
      literalKey(term.comparison.value) === literalKey(comparison.value),
  );
  return has ? text : replaced(parsed, () => false, [writeComparison(comparison, parsed.form)]);
}

/** The same for a condition as text, of any form. */
export function withCondition(text: string, condition: string): string {
  const [term, ...others] = parseQuery(`{ ${condition} }`).terms;
  if (term?.kind === "compare" && others.length === 0) return addComparison(text, term.comparison);
  const parsed = parseQuery(text);
  const has = parsed.terms.some(({ at, end }) => text.slice(at, end) === condition);
  return has ? text : replaced(parsed, () => false, [condition]);
}

/** Without the conditions at these places of `terms`. */
export function removeTerms(parsed: Parsed, places: readonly number[]): string {
  return replaced(parsed, (_, at) => places.includes(at), []);
}

/** Without anything that filters say of the field. */
export function withoutField(text: string, field: Field): string {
  return replaced(parseQuery(text), (term) => roleOf(term, field) !== null, []);
}

/** Puts texts where the first of some terms was, or at the end, and drops these terms. */
function replaced(
  parsed: Parsed,
  isOld: (term: Term, at: number) => boolean,
  texts: string[],
): string {
  const { text, terms } = parsed;
  const isBare = parsed.form === "bare";
  const old = terms.filter(isOld);
  if (parsed.form === "broken" || (old.length === 0 && texts.length === 0)) return text;
  const and = isBare ? " and " : " && ";
  const others = terms.length - old.length;
  const pieces: string[] = [];
  const put = () =>
    pieces.push(...texts.flatMap((piece, at) => (at + pieces.length > 0 ? [and, piece] : [piece])));
  for (const [at, term] of terms.entries()) {
    if (isOld(term, at)) {
      if (term === old[0]) put();
      continue;
    }
    const shown = text.slice(term.at, term.end);
    // Separators stay as they were written, but for one that nothing stands before.
    if (pieces.length > 0)
      pieces.push(at > 0 && !isOld(terms[at - 1] ?? term, at - 1) ? gap(parsed, at) : and);
    pieces.push(parsed.open && texts.length > 0 ? `(${shown})` : shown);
  }
  if (old.length === 0) put();
  const count = others + texts.length;
  const alone = count === 1 && parsed.form !== "traceId";
  const condition = alone ? unwrapped(pieces.join("")) : pieces.join("");
  return around(parsed, condition);
}

function gap({ text, terms }: Parsed, at: number): string {
  return text.slice(terms[at - 1]?.end, terms[at]?.at);
}

/** A disjunction that stands alone needs no parentheses. */
function unwrapped(condition: string): string {
  if (!condition.startsWith("(") || !condition.endsWith(")")) return condition;
  const inner = condition.slice(1, -1);
  const parsed = parseQuery(`{ ${inner} }`);
  const spelled = parseQuery(inner);
  return (parsed.form === "braces" && parsed.open) || (spelled.form === "bare" && spelled.open)
    ? inner.trim()
    : condition;
}

function around(parsed: Parsed, condition: string): string {
  const { text, form, terms } = parsed;
  switch (form) {
    case "empty":
      return condition === "" ? "" : `{ ${condition} }`;
    case "stages":
      return `{ ${condition} } | ${text.trimStart()}`;
    case "traceId": {
      const id = text.trim().toLowerCase().padStart(32, "0");
      return `{ trace:id = "${id}" && ${condition} }`;
    }
    case "broken":
      return text;
    default: {
      const first = terms[0]?.at ?? parsed.at;
      const last = terms.at(-1)?.end ?? parsed.end;
      const before = text.slice(0, first);
      const after = text.slice(last);
      if (form === "bare") {
        if (condition !== "") return before + condition + after;
        return after.trim() === "" ? "" : `{ } ${after.trim()}`;
      }
      if (terms.length === 0) return `${before} ${condition} ${after}`;
      if (condition !== "") return before + condition + after;
      const left = `${text.slice(0, parsed.at)} ${text.slice(parsed.end)}`;
      return /^\s*\{\s*\}\s*$/.test(left) ? "" : left;
    }
  }
}
