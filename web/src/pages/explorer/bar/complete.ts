/** What can follow where the cursor is: fields, or values of the field before an operator. */

import type { Completion, CompletionContext, CompletionResult } from "@codemirror/autocomplete";
import type { AttributeScope } from "../../../api/convert-attributes";
import { fetchKeys, fetchValues } from "../../../api/queries-explorer";
import type { Bounds } from "../../../route/time-text";
import { formatCount } from "../../../shared/format";
import { quoted } from "../../../shared/traceql";
import { fieldOfKey } from "../filters/facets";
import {
  type Field,
  fieldOf,
  KINDS,
  literalOf,
  STATUSES,
  writeField,
  writeLiteral,
} from "../query/fields";
import { tokenAt } from "../query/lexer";

const NAME = String.raw`[\p{L}_.$@#](?:[\p{L}\p{N}_.$@#/:-]|\."(?:[^"\\]|\\.)*")*`;
const VALUE = new RegExp(
  String.raw`(${NAME})\s*(=~|!~|!=|<=|>=|=|<|>)\s*("[^"\n]*|[^\s"'\x60{}()&|=<>!~]*)$`,
  "u",
);
const WORD = /[\p{L}_.$@#][\p{L}\p{N}_.$@#/:-]*$/u;
// Where a field may begin: at the start, after a bracket, an operator or a comma.
const OPENS = /(?:^|[{(,|!]|&&|\|\||\b(?:and|or|not|AND|OR|NOT)\s)\s*$/;
const LISTED = 50;

const INTRINSIC_HELP: readonly (readonly [string, string])[] = [
  ["name", "of the span"],
  ["duration", "of the span"],
  ["status", STATUSES.join(", ")],
  ["kind", KINDS.slice(1).join(", ")],
  ["statusMessage", "text"],
  ["rootName", "of the trace's first span"],
  ["rootServiceName", "of the trace"],
  ["traceDuration", "of the trace"],
  ["childCount", "spans below it"],
  ["event:name", "of any event"],
  ["span:id", "16 hex digits"],
  ["trace:id", "32 hex digits"],
  ["parent.name", "of the parent"],
  ["parent.kind", "of the parent"],
  ["parent.duration", "of the parent"],
  ["instrumentation:name", "of the scope"],
];
const STAGES = [
  "count()",
  "avg(duration)",
  "max(duration)",
  "quantile(duration, 0.95)",
  "by(resource.service.name)",
  "select(name)",
  "coalesce()",
];

/** Where the values of a field are listed; null: nowhere. */
function listOf(field: Field): { scope: AttributeScope | null; key: string } | null {
  switch (field.scope) {
    case "any":
      return { scope: null, key: field.key };
    case "link":
      return null;
    case "intrinsic":
      if (field.key === "rootName") return { scope: "intrinsic", key: "name" };
      if (field.key === "rootServiceName") return { scope: "resource", key: "service.name" };
      return /^(name|event:name|instrumentation:(name|version))$/.test(field.key)
        ? { scope: "intrinsic", key: field.key }
        : null;
    default:
      return { scope: field.scope, key: field.key };
  }
}

/** A source for the editor; `bounds` is asked at each completion. */
export function completeQuery(
  bounds: () => Bounds,
): (context: CompletionContext) => Promise<CompletionResult | null> {
  return async (context) => {
    const before = context.state.sliceDoc(0, context.pos);
    const controller = new AbortController();
    context.addEventListener("abort", () => controller.abort(), { onDocChange: true });
    try {
      const value = VALUE.exec(before);
      if (value) return await values(context, value, bounds(), controller.signal);
      return await fields(context, before, bounds(), controller.signal);
    } catch {
      // Completion helps where it can; what is wrong with the server is told by the results.
      return null;
    }
  };
}

async function values(
  context: CompletionContext,
  [, name = "", operator = "", typed = ""]: RegExpExecArray,
  bounds: Bounds,
  signal: AbortSignal,
): Promise<CompletionResult | null> {
  const token = tokenAt(name, 0);
  const field = token !== null && token !== "end" && token.kind === "name" ? fieldOf(token) : null;
  if (field === null) return null;
  const from = context.pos - typed.length;
  const isQuoted = typed.startsWith('"');
  // The editor may have closed the quote already.
  const closes = isQuoted && context.state.sliceDoc(context.pos, context.pos + 1) === '"';
  const to = closes ? context.pos + 1 : context.pos;
  const words = field.key === "status" ? STATUSES : field.key === "kind" ? KINDS : null;
  if (field.scope === "intrinsic" && words !== null) {
    return { from, to, options: words.map((label) => ({ label, type: "constant" })) };
  }
  const list = listOf(field);
  if (list === null) return null;
  const isRegex = operator === "=~" || operator === "!~";
  const prefix = typed.replace(/^"/, "");
  const asked = { ...list, query: "", prefix, bounds, limit: LISTED };
  const found = await fetchValues(asked, signal);
  const options = found.values.flatMap(({ value, type, spanCount }): Completion[] => {
    const literal = literalOf(type, value);
    if (literal === null || (isQuoted && literal.type !== "string")) return [];
    const text = isRegex
      ? quoted(value.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"))
      : writeLiteral(literal);
    return [
      {
        label: value === "" ? '""' : value,
        apply: text,
        detail: formatCount(spanCount),
        type: "text",
      },
    ];
  });
  // The server has matched them by what was typed.
  return { from, to, options, filter: false };
}

async function fields(
  context: CompletionContext,
  before: string,
  bounds: Bounds,
  signal: AbortSignal,
): Promise<CompletionResult | null> {
  const word = WORD.exec(before)?.[0] ?? "";
  const from = context.pos - word.length;
  const head = before.slice(0, from);
  if (!OPENS.test(head) || (word === "" && !context.explicit)) return null;
  const isStage = /(?:^|[^|])\|\s*$/.test(head);
  const stages = STAGES.map((label): Completion => ({ label, type: "function" }));
  if (isStage) return { from, options: stages };
  const intrinsics = INTRINSIC_HELP.map(
    ([label, detail]): Completion => ({ label, detail, type: "keyword", boost: 2 }),
  );
  const { keys } = await fetchKeys(bounds, "", 2000, signal);
  const options = keys
    .filter(({ scope }) => scope !== "intrinsic")
    .map(
      ({ scope, key, spanCount }): Completion => ({
        label: writeField(fieldOfKey(scope, key)),
        detail: formatCount(spanCount),
        type: "property",
        boost: key === "service.name" ? 3 : 0,
      }),
    );
  return { from, options: [...intrinsics, ...options], validFor: /^[\p{L}\p{N}_.$@#/:-]*$/u };
}
