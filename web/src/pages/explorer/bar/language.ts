/** Colours of the query language, and the mark of a mistake in it. */

import {
  HighlightStyle,
  StreamLanguage,
  type StringStream,
  syntaxHighlighting,
} from "@codemirror/language";
import { type Extension, StateEffect, StateField } from "@codemirror/state";
import { Decoration, type DecorationSet, EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { constantOf, INTRINSICS } from "../query/fields";

const NAME = /^[\p{L}_.$@#](?:[\p{L}\p{N}_.$@#/:-]|(?<=\.)"(?:[^"\\]|\\.)*")*/u;
const NUMBER = /^\.?\d(?:[eE][+-]?\d|[\p{L}\p{N}_.])*/u;
const STRING = /^(?:"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?|`[^`]*`?)/;
const OPERATOR = /^(?:&&|\|\||[!&]?(?:>>|<<|[<>~])|!~|=~|[!<>]=|[-=!+*/%^|])/;
const STAGES = /^(?:count|avg|min|max|sum|quantile|by|select|coalesce|with)$/;

function token(stream: StringStream): string | null {
  if (stream.eatSpace()) return null;
  if (stream.match(STRING)) return "string";
  if (stream.match(NUMBER)) return "number";
  if (stream.match(/^[{}]/)) return "brace";
  if (stream.match(/^[(),]/)) return "paren";
  if (stream.match(NAME)) return wordKind(stream);
  if (stream.match(OPERATOR)) return "operator";
  stream.next();
  return null;
}

function wordKind(stream: StringStream): string {
  const word = stream.current();
  if (/^(?:and|or|not)$/i.test(word)) return "keyword";
  if (STAGES.test(word) && stream.match(/^\s*\(/, false)) return "keyword";
  // `name = client` and `name` itself differ by what stands before them.
  if (INTRINSICS.has(word.replace(/^parent\./, ""))) return "typeName";
  if (constantOf(word) !== null) return "atom";
  return word.includes(".") ? "propertyName" : "string";
}

const language = StreamLanguage.define({
  name: "traceql",
  token,
  tokenTable: {
    brace: tags.brace,
    paren: tags.paren,
    typeName: tags.typeName,
    propertyName: tags.propertyName,
  },
});

const colours = HighlightStyle.define([
  { tag: tags.string, color: "var(--ok)" },
  { tag: tags.number, color: "var(--thread)" },
  { tag: tags.atom, color: "var(--thread)" },
  { tag: tags.keyword, color: "var(--accent)", fontWeight: "600" },
  { tag: tags.operator, color: "var(--text-2)" },
  { tag: [tags.brace, tags.paren], color: "var(--text-3)" },
  { tag: tags.typeName, color: "var(--accent)" },
  { tag: tags.propertyName, color: "var(--text)" },
]);

export const traceql: Extension = [language, syntaxHighlighting(colours)];

/** Where a mistake is, in the text that the server has seen; null for none. */
export interface Mistake {
  from: number;
  to: number;
}

export const setMistake = StateEffect.define<Mistake | null>();

const mark = Decoration.mark({ class: "cm-mistake" });

/** The mark of a mistake; it goes with the next change. */
export const mistakes: Extension = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    let next = transaction.docChanged ? Decoration.none : marks;
    for (const effect of transaction.effects) {
      if (!effect.is(setMistake)) continue;
      const length = transaction.state.doc.length;
      const { value } = effect;
      const fits = value !== null && value.from < value.to && value.to <= length;
      next = fits ? Decoration.set([mark.range(value.from, value.to)]) : Decoration.none;
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});
