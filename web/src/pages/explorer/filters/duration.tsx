import { ChevronRight, X } from "lucide-react";
import { type FormEvent, type ReactNode, useState } from "react";
import { Button, IconButton } from "../../../shared/ui/button";
import { TextField } from "../../../shared/ui/text-field";
import { askedOf, setDuration } from "../query/edit";
import { durationNs, intrinsic } from "../query/fields";
import type { Parsed } from "../query/parse";
import styles from "./filters.module.css";

interface DurationFacetProps {
  parsed: Parsed;
  onQuery: (query: string) => void;
  open: boolean;
  onToggle: () => void;
}

/** Least and longest duration. */
export function DurationFacet({ parsed, onQuery, open, onToggle }: DurationFacetProps): ReactNode {
  const asked = askedOf(parsed, intrinsic("duration"));
  const min = asked.min?.type === "duration" ? asked.min.text : "";
  const max = asked.max?.type === "duration" ? asked.max.text : "";
  return (
    <section className={styles.section} aria-label="Duration">
      <div className={styles.head}>
        <button type="button" className={styles.fold} aria-expanded={open} onClick={onToggle}>
          <ChevronRight size={13} />
          <span className={styles.label}>Duration</span>
        </button>
        {min !== "" || max !== "" ? (
          <IconButton
            small
            label="Forget the filter on Duration"
            onClick={() => onQuery(setDuration(parsed.text, null, null))}
          >
            <X size={13} />
          </IconButton>
        ) : null}
      </div>
      {open ? (
        <Bounds
          // What the query says anew replaces what was typed.
          key={`${min} ${max}`}
          min={min}
          max={max}
          disabled={parsed.form === "broken"}
          onBounds={(from, to) => onQuery(setDuration(parsed.text, from, to))}
        />
      ) : null}
    </section>
  );
}

interface BoundsProps {
  min: string;
  max: string;
  disabled: boolean;
  onBounds: (min: bigint | null, max: bigint | null) => void;
}

const FORM = "Write it as 100ms, 1.5s, 2m.";

/** `1.5 s` and `100` as people write them; a number alone is milliseconds. */
export function typedDuration(text: string): bigint | null | "wrong" {
  const compact = text.replace(/\s+/g, "").toLowerCase().replace(/min$/, "m");
  if (compact === "") return null;
  return durationNs(/^[\d.]+$/.test(compact) ? `${compact}ms` : compact) ?? "wrong";
}

function Bounds({ min, max, disabled, onBounds }: BoundsProps): ReactNode {
  const [from, setFrom] = useState(min);
  const [to, setTo] = useState(max);
  const [trouble, setTrouble] = useState<{ from?: string; to?: string }>({});
  const apply = (event: FormEvent) => {
    event.preventDefault();
    const [least, most] = [typedDuration(from), typedDuration(to)];
    if (least === "wrong") setTrouble({ from: FORM });
    else if (most === "wrong") setTrouble({ to: FORM });
    else if (least !== null && most !== null && most < least) setTrouble({ to: "This is less." });
    else {
      setTrouble({});
      onBounds(least, most);
    }
  };
  const changed = from !== min || to !== max;
  return (
    <form className={styles.bounds} onSubmit={apply}>
      <TextField
        label="At least"
        placeholder="100ms"
        value={from}
        trouble={trouble.from}
        disabled={disabled}
        onChange={(event) => setFrom(event.target.value)}
      />
      <TextField
        label="At most"
        placeholder="2s"
        value={to}
        trouble={trouble.to}
        disabled={disabled}
        onChange={(event) => setTo(event.target.value)}
      />
      <Button type="submit" small disabled={disabled || !changed}>
        Set
      </Button>
    </form>
  );
}
