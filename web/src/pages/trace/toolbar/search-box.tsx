import { ChevronDown, ChevronUp, Search, X } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useRef } from "react";
import { formatExact } from "../../../shared/format";
import { useShortcut } from "../../../shared/shortcuts";
import { IconButton } from "../../../shared/ui/button";
import { matchNumber } from "../../../trace/search";
import { useActions, useTrace } from "../context";
import { useServerSearch } from "../server-search";
import styles from "./search-box.module.css";

/** Search in the trace: names, services and ids here, everything else by the server. */
export function SearchBox(): ReactNode {
  const find = useTrace((state) => state.view.find);
  const actions = useActions();
  const input = useRef<HTMLInputElement>(null);
  const focus = () => {
    input.current?.focus();
    input.current?.select();
  };
  // The browser's own search would find only the rows that are in sight.
  useShortcut("mod+f", "Search in this trace", "Trace", focus);
  useShortcut("/", "Search in this trace", "Trace", focus);
  const press = (event: KeyboardEvent) => {
    if (event.key === "Enter") actions.nextMatch(!event.shiftKey);
    else if (event.key === "Escape" && find !== "") actions.change({ find: "" });
    else if (event.key === "Escape") input.current?.blur();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <search className={styles.box}>
      <Search size={14} />
      <input
        ref={input}
        type="text"
        className={styles.input}
        aria-label="Search in this trace"
        placeholder="Search names, attributes, events"
        autoComplete="off"
        spellCheck={false}
        maxLength={1000}
        value={find}
        onChange={(event) => actions.change({ find: event.target.value })}
        onKeyDown={press}
      />
      {find === "" ? null : (
        <button
          type="button"
          className={styles.clear}
          aria-label="Clear the search"
          onClick={() => {
            actions.change({ find: "" });
            input.current?.focus();
          }}
        >
          <X size={13} />
        </button>
      )}
      <Count />
    </search>
  );
}

/** How many match, which of them one is on, and the way to the others. */
function Count(): ReactNode {
  const active = useTrace((state) => state.matches.active);
  const matches = useTrace((state) => state.matches);
  const cursor = useTrace((state) => state.cursor);
  const searching = useServerSearch();
  const actions = useActions();
  if (!active) return null;
  const { places } = matches;
  const at = matchNumber(matches, cursor);
  const of = formatExact(places.length);
  const text = places.length === 0 ? "none" : at > 0 ? `${formatExact(at)} of ${of}` : of;
  return (
    <span className={styles.count}>
      <span role="status" data-none={places.length === 0 || undefined}>
        {searching === "asking" && places.length === 0 ? "…" : text}
        {searching === "failed" ? " by name" : ""}
        {searching === "cut" ? "+" : ""}
      </span>
      <IconButton
        small
        label="Match before"
        shortcut="N"
        disabled={places.length === 0}
        onClick={() => actions.nextMatch(false)}
      >
        <ChevronUp size={14} />
      </IconButton>
      <IconButton
        small
        label="Next match"
        shortcut="n"
        disabled={places.length === 0}
        onClick={() => actions.nextMatch(true)}
      >
        <ChevronDown size={14} />
      </IconButton>
    </span>
  );
}
