/** The editor of the query bar; a chunk of its own, because it is large. */

import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  completionStatus,
  moveCompletionSelection,
  selectedCompletionIndex,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, insertNewline } from "@codemirror/commands";
import { bracketMatching } from "@codemirror/language";
import { EditorState, Prec } from "@codemirror/state";
import { drawSelection, EditorView, keymap, placeholder } from "@codemirror/view";
import { type ReactNode, useEffect, useRef } from "react";
import type { Bounds } from "../../../route/time-text";
import { cspNonce } from "../../../shared/csp";
import { completeQuery } from "./complete";
import { type Mistake, mistakes, setMistake, traceql } from "./language";
import { theme } from "./theme";

export interface EditorProps {
  value: string;
  onChange: (value: string) => void;
  onRun: (value: string) => void;
  bounds: Bounds;
  mistake: Mistake | null;
  label: string;
  hint: string;
  /** The id of what describes the mistake. */
  describedBy: string | undefined;
  hasFocus: boolean;
  /** Told how to focus the editor, and null when it is gone. */
  onReady: (focus: (() => void) | null) => void;
}

export function Editor(props: EditorProps): ReactNode {
  const { value, mistake, describedBy } = props;
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef(props);
  useEffect(() => {
    latest.current = props;
  });
  useEffect(() => {
    if (place.current === null) return;
    const made = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: latest.current.value,
        extensions: extensions(() => latest.current),
      }),
    });
    view.current = made;
    if (latest.current.hasFocus) {
      made.focus();
      made.dispatch({ selection: { anchor: made.state.doc.length } });
    }
    latest.current.onReady(() => made.focus());
    return () => {
      latest.current.onReady(null);
      view.current = null;
      made.destroy();
    };
  }, []);
  useEffect(() => {
    const made = view.current;
    if (made === null || made.state.doc.toString() === value) return;
    made.dispatch({
      changes: { from: 0, to: made.state.doc.length, insert: value },
      selection: { anchor: value.length },
    });
  }, [value]);
  useEffect(() => {
    view.current?.dispatch({ effects: setMistake.of(mistake) });
  }, [mistake]);
  useEffect(() => {
    const content = view.current?.contentDOM;
    content?.setAttribute("aria-invalid", String(describedBy !== undefined));
    if (describedBy === undefined) content?.removeAttribute("aria-describedby");
    else content?.setAttribute("aria-describedby", describedBy);
  }, [describedBy]);
  return <div ref={place} />;
}

/** The first completion, or the one that was chosen. */
function takeCompletion(view: EditorView): boolean {
  if (completionStatus(view.state) !== "active") return false;
  if (selectedCompletionIndex(view.state) === null) moveCompletionSelection(true)(view);
  return acceptCompletion(view);
}

function run(latest: () => EditorProps) {
  return (view: EditorView): boolean => {
    if (selectedCompletionIndex(view.state) !== null && acceptCompletion(view)) return true;
    latest().onRun(view.state.doc.toString());
    return true;
  };
}

/**
 * Typing over a selection: left to it, the browser keeps the colours of what was selected in an
 * inline style, which the content security policy forbids.
 */
const typedOver = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { main } = view.state.selection;
    const text = event.data;
    if (event.inputType !== "insertText" || main.empty || !text || view.composing) return false;
    const insert = () =>
      view.state.update(view.state.replaceSelection(text), {
        userEvent: "input.type",
        scrollIntoView: true,
      });
    const handlers = view.state.facet(EditorView.inputHandler);
    const isHandled = handlers.some((handle) => handle(view, main.from, main.to, text, insert));
    if (!isHandled) view.dispatch(insert());
    event.preventDefault();
    return true;
  },
});

function extensions(latest: () => EditorProps) {
  const { label, hint } = latest();
  return [
    EditorView.cspNonce.of(cspNonce()),
    theme,
    EditorView.lineWrapping,
    EditorView.contentAttributes.of({ "aria-label": label, "aria-multiline": "true" }),
    history(),
    drawSelection(),
    bracketMatching(),
    closeBrackets(),
    typedOver,
    traceql,
    mistakes,
    placeholder(hint),
    autocompletion({
      override: [completeQuery(() => latest().bounds)],
      // Enter runs the query unless somebody chose a completion.
      selectOnOpen: false,
      activateOnTypingDelay: 150,
      icons: false,
    }),
    Prec.highest(
      keymap.of([
        { key: "Enter", run: run(latest) },
        { key: "Mod-Enter", run: run(latest) },
        { key: "Shift-Enter", run: insertNewline },
        { key: "Tab", run: takeCompletion },
      ]),
    ),
    keymap.of([
      ...closeBracketsKeymap,
      ...completionKeymap,
      ...historyKeymap,
      // After closing completions, Escape gives the keyboard back to the page.
      {
        key: "Escape",
        run: (view) => {
          view.contentDOM.blur();
          return true;
        },
      },
      ...defaultKeymap,
    ]),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) latest().onChange(update.state.doc.toString());
    }),
  ];
}
