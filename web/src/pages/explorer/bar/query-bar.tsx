import { CircleAlert, History, Search, X } from "lucide-react";
import { lazy, type ReactNode, Suspense, useCallback, useMemo, useRef, useState } from "react";
import type { ApiError } from "../../../api/client";
import type { Bounds } from "../../../route/time-text";
import { useShortcut } from "../../../shared/shortcuts";
import { Button, IconButton } from "../../../shared/ui/button";
import { Popover } from "../../../shared/ui/popover";
import { recentQueries, rememberQuery } from "../stored";
import { placeOf } from "./mistake";
import styles from "./query-bar.module.css";

const Editor = lazy(async () => ({ default: (await import("./editor")).Editor }));

interface QueryBarProps {
  query: string;
  onRun: (query: string) => void;
  /** What the server said of the query. */
  error: ApiError | null;
  bounds: Bounds;
}

const LABEL = "Query";
const HINT = "service.name = checkout and duration > 100ms";

/** The query as text. What is typed counts when it is run. */
export function QueryBar({ query, onRun, error, bounds }: QueryBarProps): ReactNode {
  const [draft, setDraft] = useState(query);
  const [before, setBefore] = useState(query);
  if (before !== query) {
    // A filter has changed it, or the back button.
    setBefore(query);
    setDraft(query);
  }
  const focus = useRef<(() => void) | null>(null);
  const plain = useRef<HTMLInputElement>(null);
  const [plainFocus, setPlainFocus] = useState(false);
  const isAsked = draft.trim() === query.trim();
  const shown = isAsked ? error : null;
  const position = shown?.position ?? null;
  const mistake = useMemo(
    () => (position === null ? null : placeOf(draft, position)),
    [draft, position],
  );
  const run = (text: string) => {
    rememberQuery(text);
    onRun(text);
  };
  const ready = useCallback((how: (() => void) | null) => {
    focus.current = how;
  }, []);
  useShortcut("/", "Write a query", "Query", () =>
    (focus.current ?? (() => plain.current?.focus()))(),
  );
  const errorId = shown === null ? undefined : "query-mistake";
  return (
    <div className={styles.wrap}>
      <div className={styles.bar} data-wrong={shown !== null || undefined}>
        <span className={styles.icon}>
          <Search size={15} aria-hidden="true" />
        </span>
        <div className={styles.text}>
          <Suspense
            fallback={
              <input
                ref={plain}
                className={styles.plain}
                aria-label={LABEL}
                placeholder={HINT}
                spellCheck={false}
                autoComplete="off"
                value={draft}
                onChange={(event) => setDraft(event.target.value)}
                onFocus={() => setPlainFocus(true)}
                onBlur={() => setPlainFocus(false)}
                onKeyDown={(event) => event.key === "Enter" && run(draft)}
              />
            }
          >
            <Editor
              value={draft}
              onChange={setDraft}
              onRun={run}
              bounds={bounds}
              mistake={mistake}
              label={LABEL}
              hint={HINT}
              describedBy={errorId}
              hasFocus={plainFocus}
              onReady={ready}
            />
          </Suspense>
        </div>
        <div className={styles.actions}>
          {draft === "" ? null : (
            <IconButton small label="Clear the query" onClick={() => run("")}>
              <X size={14} />
            </IconButton>
          )}
          <Recent onChoose={run} />
          <Button small look={isAsked ? "plain" : "primary"} onClick={() => run(draft)}>
            Run
          </Button>
        </div>
      </div>
      <div role="status">
        {shown === null ? null : (
          <div id={errorId} className={styles.mistake}>
            <CircleAlert size={14} aria-hidden="true" />
            <p>
              {shown.message} {shown.hint === null ? null : <span>{shown.hint}</span>}
            </p>
          </div>
        )}
      </div>
    </div>
  );
}

/** Queries that were run before, in this browser. */
function Recent({ onChoose }: { onChoose: (query: string) => void }): ReactNode {
  const [open, setOpen] = useState(false);
  const queries = open ? recentQueries() : [];
  return (
    <Popover
      label="Recent queries"
      align="end"
      open={open}
      onOpenChange={setOpen}
      className={styles.recent}
      trigger={
        <IconButton small label="Recent queries">
          <History size={14} />
        </IconButton>
      }
    >
      {queries.length === 0 ? (
        <p className={styles.none}>Queries that you run are kept here.</p>
      ) : null}
      <ul>
        {queries.map((one) => (
          <li key={one}>
            <button
              type="button"
              className={styles.query}
              onClick={() => {
                setOpen(false);
                onChoose(one);
              }}
            >
              {one}
            </button>
          </li>
        ))}
      </ul>
    </Popover>
  );
}
