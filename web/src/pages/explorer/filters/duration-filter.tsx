import { type FormEvent, type ReactNode, useEffect, useState } from "react";
import { TextField } from "../../../shared/ui/text-field";
import { isCondition, parseConditions, withValues } from "../query/conditions";
import styles from "./filters.module.css";

interface DurationFilterProps {
  query: string;
  onQuery: (query: string) => void;
}

/** Spans at least, and at most, so long. */
export function DurationFilter({ query, onQuery }: DurationFilterProps): ReactNode {
  return (
    <section className={styles.facet}>
      <h3 className={styles.plainHead}>Duration</h3>
      <div className={styles.pair}>
        <Bound label="At least" operator=">=" query={query} onQuery={onQuery} />
        <Bound label="Less than" operator="<" query={query} onQuery={onQuery} />
      </div>
    </section>
  );
}

interface BoundProps extends DurationFilterProps {
  label: string;
  operator: ">=" | "<";
}

function Bound({ label, operator, query, onQuery }: BoundProps): ReactNode {
  const written = durationOf(query, operator);
  const [text, setText] = useState(written);
  const [trouble, setTrouble] = useState<string>();
  useEffect(() => {
    setText(written);
    setTrouble(undefined);
  }, [written]);
  const apply = (event?: FormEvent) => {
    event?.preventDefault();
    const duration = parseDuration(text);
    if (text.trim() !== "" && duration === null) setTrouble("Write it as 250ms.");
    else if ((duration ?? "") !== written) {
      onQuery(withValues(query, "duration", operator, duration === null ? [] : [duration]));
    }
  };
  return (
    <form onSubmit={apply}>
      <TextField
        label={label}
        placeholder={operator === ">=" ? "250ms" : "2s"}
        value={text}
        trouble={trouble}
        onChange={(event) => setText(event.target.value)}
        onBlur={() => apply()}
      />
    </form>
  );
}

/** The bound that the query has; empty when it has none. */
export function durationOf(query: string, operator: ">=" | "<"): string {
  const parts = parseConditions(query)?.parts ?? [];
  const found = parts.find(
    (one) => isCondition(one) && one.field === "duration" && one.operator === operator,
  );
  return found && isCondition(found) ? (found.values[0] ?? "") : "";
}

/** `250 ms` → `250ms`, a number alone is milliseconds; null when it is none. */
export function parseDuration(text: string): string | null {
  const compact = text.trim().toLowerCase().replace(/\s+/g, "").replace("μ", "µ");
  if (/^\d+(\.\d+)?$/.test(compact)) return `${compact}ms`;
  return /^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d))+$/.test(compact) ? compact : null;
}
