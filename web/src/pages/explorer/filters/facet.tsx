import { ChevronRight, EqualNot, Pin, PinOff } from "lucide-react";
import { type ReactNode, useDeferredValue, useId, useState } from "react";
import type { Bounds } from "../../../route/time-text";
import { classes } from "../../../shared/classes";
import { serviceColour } from "../../../shared/colour";
import { formatCount, formatExact } from "../../../shared/format";
import { Button, IconButton } from "../../../shared/ui/button";
import { ErrorNote, Spinner } from "../../../shared/ui/states";
import { chosenValues, withCondition, withValues } from "../query/conditions";
import { type Field, type FieldValue, useValues } from "./facet-queries";
import styles from "./filters.module.css";

const FEW = 8;
const MANY = 50;

interface FacetProps {
  field: Field;
  title: string;
  query: string;
  onQuery: (query: string) => void;
  bounds: Bounds;
  startsOpen: boolean;
  /** Undefined for those that are always there. */
  pinned?: boolean;
  onPin?: (pinned: boolean) => void;
}

/** The values of one field, to be taken in or left out. */
export function Facet(props: FacetProps): ReactNode {
  const { field, title, query, bounds, startsOpen, pinned, onPin } = props;
  const chosen = chosenValues(query, field.name, "=");
  const left = chosenValues(query, field.name, "!=");
  const active = (chosen?.length ?? 0) + (left?.length ?? 0);
  const [open, setOpen] = useState(startsOpen);
  const id = useId();
  const shown = open || active > 0;
  return (
    <section className={styles.facet}>
      <div className={styles.facetHead}>
        <button
          type="button"
          className={styles.toggle}
          aria-expanded={shown}
          aria-controls={id}
          onClick={() => setOpen(!shown)}
        >
          <ChevronRight size={14} />
          <span>{title}</span>
          {active > 0 ? <span className={styles.active}>{active}</span> : null}
        </button>
        {onPin ? (
          <IconButton
            small
            label={pinned ? `Unpin ${title}` : `Pin ${title}`}
            className={styles.pin}
            onClick={() => onPin(!pinned)}
          >
            {pinned ? <PinOff size={13} /> : <Pin size={13} />}
          </IconButton>
        ) : null}
      </div>
      <div id={id} hidden={!shown}>
        {shown ? (
          <Values {...props} bounds={bounds} chosen={chosen ?? []} left={left ?? []} />
        ) : null}
      </div>
    </section>
  );
}

interface ValuesProps extends FacetProps {
  chosen: readonly string[];
  left: readonly string[];
}

function Values(props: ValuesProps): ReactNode {
  const { field, title, query, onQuery, bounds, chosen, left } = props;
  const [limit, setLimit] = useState(FEW);
  const [text, setText] = useState("");
  const prefix = useDeferredValue(text);
  // What is chosen here does not narrow what can be chosen here.
  const others = withValues(withValues(query, field.name, "=", []), field.name, "!=", []);
  const found = useValues(field, others, bounds, limit, prefix, true);
  const listed = merged(found.data?.values ?? [], [...chosen, ...left]);
  const most = Math.max(1, ...listed.map((one) => one.count));
  const set = (operator: "=" | "!=", values: readonly string[]) =>
    onQuery(withValues(query, field.name, operator, values));
  const toggle = ({ literal }: FieldValue) => {
    if (left.includes(literal)) set("!=", without(left, literal));
    else if (chosen.includes(literal)) set("=", without(chosen, literal));
    else set("=", [...chosen, literal]);
  };
  const exclude = ({ literal }: FieldValue) => {
    if (left.includes(literal)) set("!=", without(left, literal));
    else if (chosen.includes(literal)) {
      const next = withValues(query, field.name, "=", without(chosen, literal));
      onQuery(withCondition(next, `${field.name} != ${literal}`));
    } else set("!=", [...left, literal]);
  };
  const more = (found.data?.values.length ?? 0) >= limit;
  return (
    <div className={styles.values}>
      {text !== "" || more || limit > FEW ? (
        <input
          type="search"
          aria-label={`Find a value of ${title}`}
          placeholder="Begins with…"
          className={styles.find}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      ) : null}
      {found.error ? <ErrorNote error={found.error} /> : null}
      {found.isPending ? (
        <p className={styles.none}>
          <Spinner /> Looking
        </p>
      ) : null}
      {found.data && listed.length === 0 ? (
        <p className={styles.none}>No values in this range.</p>
      ) : null}
      <ul>
        {listed.map((one) => (
          <li
            key={one.literal}
            className={styles.value}
            data-left={left.includes(one.literal) || undefined}
          >
            <label>
              <input
                type="checkbox"
                checked={chosen.includes(one.literal)}
                onChange={() => toggle(one)}
              />
              {field.name === "service.name" ? (
                <span className={styles.swatch} style={{ background: serviceColour(one.text) }} />
              ) : null}
              <span className={styles.text} title={one.text}>
                {one.text === "" ? "(empty)" : one.text}
              </span>
              <span className={styles.count} title={`${formatExact(one.count)} spans`}>
                {one.count > 0 ? formatCount(one.count) : ""}
              </span>
              <span className={styles.share} style={{ width: `${(100 * one.count) / most}%` }} />
            </label>
            <IconButton
              small
              label={
                left.includes(one.literal) ? `Do not exclude ${one.text}` : `Exclude ${one.text}`
              }
              aria-pressed={left.includes(one.literal)}
              className={classes(styles.exclude)}
              onClick={() => exclude(one)}
            >
              <EqualNot size={13} />
            </IconButton>
          </li>
        ))}
      </ul>
      {more && limit < MANY ? (
        <Button small look="quiet" onClick={() => setLimit(MANY)}>
          More
        </Button>
      ) : null}
      {found.data && !found.data.complete && !more ? (
        <p className={styles.none}>From a sample of the range.</p>
      ) : null}
    </div>
  );
}

function without(values: readonly string[], value: string): string[] {
  return values.filter((one) => one !== value);
}

/** The values that were found, and those that are chosen and were not. */
function merged(found: readonly FieldValue[], literals: readonly string[]): FieldValue[] {
  const missing = literals.filter((literal) => !found.some((one) => one.literal === literal));
  return [...missing.map((literal) => ({ text: unquoted(literal), literal, count: 0 })), ...found];
}

function unquoted(literal: string): string {
  if (!/^["'`]/.test(literal)) return literal;
  return literal.slice(1, -1).replace(/\\(.)/g, "$1");
}
