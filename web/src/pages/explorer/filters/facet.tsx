import { useIsFetching } from "@tanstack/react-query";
import { ChevronRight, CircleMinus, PinOff, X } from "lucide-react";
import { type ReactNode, useState } from "react";
import { type FacetValues, useValues } from "../../../api/queries-explorer";
import type { Bounds } from "../../../route/time-text";
import { classes } from "../../../shared/classes";
import { serviceColour } from "../../../shared/colour";
import { formatCount, formatExact } from "../../../shared/format";
import { Button, IconButton } from "../../../shared/ui/button";
import { ErrorNote } from "../../../shared/ui/states";
import { TextField } from "../../../shared/ui/text-field";
import { type Asked, removeTerms, setValues, withoutField } from "../query/edit";
import { type Literal, literalKey, literalOf } from "../query/fields";
import type { Parsed } from "../query/parse";
import type { Facet } from "./facets";
import styles from "./filters.module.css";
import { useLater } from "./later";

interface SectionProps {
  facet: Facet;
  asked: Asked;
  parsed: Parsed;
  onQuery: (query: string) => void;
  bounds: Bounds;
  open: boolean;
  onToggle: () => void;
  onUnpin?: () => void;
}

const FEW = 8;
const MANY = 100;
const TYPING_MS = 250;

/** One field: its most frequent values, with boxes to ask for them and buttons to leave them out. */
export function FacetSection(props: SectionProps): ReactNode {
  const { facet, asked, parsed, onQuery, open, onToggle, onUnpin } = props;
  const count = asked.include.length + asked.exclude.length + asked.others.length;
  const clear = () => onQuery(withoutField(parsed.text, facet.field));
  return (
    <section className={styles.section} aria-label={facet.label}>
      <div className={styles.head}>
        <button type="button" className={styles.fold} aria-expanded={open} onClick={onToggle}>
          <ChevronRight size={13} />
          <span className={styles.label} title={`${facet.scope} ${facet.key}`}>
            {facet.label}
          </span>
          {facet.scope === "resource" && facet.label !== "Service" ? (
            <span className={styles.scope}>resource</span>
          ) : null}
          {!open && count > 0 ? <span className={styles.said}>{saidOf(asked)}</span> : null}
        </button>
        {count > 0 ? (
          <IconButton small label={`Forget the filter on ${facet.label}`} onClick={clear}>
            <X size={13} />
          </IconButton>
        ) : null}
        {onUnpin ? (
          <span className={styles.quiet}>
            <IconButton small label={`Take ${facet.label} off the filters`} onClick={onUnpin}>
              <PinOff size={13} />
            </IconButton>
          </span>
        ) : null}
      </div>
      {asked.others.map((at) => (
        <span key={at} className={styles.other}>
          <code>{parsed.text.slice(parsed.terms[at]?.at, parsed.terms[at]?.end)}</code>
          <IconButton
            small
            label="Remove this condition"
            onClick={() => onQuery(removeTerms(parsed, [at]))}
          >
            <X size={12} />
          </IconButton>
        </span>
      ))}
      {open ? <Values {...props} /> : null}
    </section>
  );
}

/** What a closed section asks for. */
function saidOf({ include, exclude, others }: Asked): string {
  const [first] = include.length > 0 ? include : exclude;
  const text = first && namedValue(first).text;
  const count = include.length + exclude.length + others.length;
  if (text === undefined || count > 1) return String(count);
  return include.length > 0 ? text : `not ${text}`;
}

interface Value {
  /** null: a list or a map, which a query cannot name. */
  literal: Literal | null;
  text: string;
  count: number | null;
}

function Values({ facet, asked, parsed, onQuery, bounds }: SectionProps): ReactNode {
  const [typed, setTyped] = useState("");
  const [all, setAll] = useState(false);
  // What was asked for comes first; the server answers few questions at a time.
  const isSearching = useIsFetching({ queryKey: ["search"] }) > 0;
  const prefix = useLater(typed, TYPING_MS);
  const limit = all || prefix !== "" ? MANY : FEW;
  const query = parsed.form === "broken" ? "" : withoutField(parsed.text, facet.field);
  const found = useValues(
    { scope: facet.scope, key: facet.key, query, prefix, bounds, limit: limit + 1 },
    !isSearching,
  );
  if (found.isError) return <ErrorNote error={found.error} onRetry={() => void found.refetch()} />;
  if (found.data === undefined) return <Placeholders />;
  const values = rowsOf(facet, asked, found.data, limit, prefix);
  const more = found.data.values.length > limit;
  const disabled = parsed.form === "broken";
  return (
    <>
      {all || typed !== "" ? (
        <TextField
          label={`Find a value of ${facet.label}`}
          hideLabel
          placeholder="Begins with"
          value={typed}
          className={styles.search}
          onChange={(event) => setTyped(event.target.value)}
        />
      ) : null}
      <ul className={classes(styles.values, found.isPlaceholderData && styles.stale)}>
        {values.map((value) => (
          <ValueRow
            key={value.literal === null ? `other ${value.text}` : literalKey(value.literal)}
            value={value}
            facet={facet}
            asked={asked}
            disabled={disabled}
            onChange={(next) => onQuery(setValues(parsed.text, facet.field, next))}
          />
        ))}
      </ul>
      {values.length === 0 ? (
        <p className={styles.nothing}>{prefix === "" ? "No span has it." : "No such value."}</p>
      ) : null}
      {more ? (
        all ? (
          <p className={styles.nothing}>Type to find the others.</p>
        ) : (
          <Button small look="quiet" className={styles.more} onClick={() => setAll(true)}>
            More values
          </Button>
        )
      ) : null}
      {found.isPlaceholderData ? null : (
        <Basis values={found.data} hasQuery={query.trim() !== ""} />
      )}
    </>
  );
}

/** What the counts are of, where one could take them for something else. */
function Basis({ values, hasQuery }: { values: FacetValues; hasQuery: boolean }): ReactNode {
  if (hasQuery && values.ofAll) {
    return <p className={styles.nothing}>Counts of all spans, whatever the query.</p>;
  }
  if (values.sampled === null || values.sampled < 20_000) return null;
  return <p className={styles.nothing}>Of the newest {formatExact(values.sampled)} spans.</p>;
}

interface ValueRowProps {
  value: Value;
  facet: Facet;
  asked: Asked;
  disabled: boolean;
  onChange: (next: Pick<Asked, "include" | "exclude">) => void;
}

function ValueRow({ value, facet, asked, disabled, onChange }: ValueRowProps): ReactNode {
  const { literal, text, count } = value;
  const shown = text === "" ? "(empty)" : text;
  const key = literal && literalKey(literal);
  const isOther = (one: Literal) => literalKey(one) !== key;
  const included = !asked.include.every(isOther);
  const excluded = !asked.exclude.every(isOther);
  const include = asked.include.filter(isOther);
  const exclude = asked.exclude.filter(isOther);
  return (
    <li className={styles.value} data-excluded={excluded || undefined}>
      <label className={styles.box}>
        <input
          type="checkbox"
          checked={included}
          disabled={disabled || literal === null}
          onChange={() =>
            literal && onChange({ include: included ? include : [...include, literal], exclude })
          }
        />
        {facet.label === "Service" ? (
          <span className={styles.dot} style={{ background: serviceColour(text) }} />
        ) : null}
        <span className={styles.text} title={shown}>
          {shown}
        </span>
      </label>
      {literal === null ? null : (
        <button
          type="button"
          className={styles.exclude}
          aria-pressed={excluded}
          aria-label={`Leave out ${shown}`}
          title={excluded ? "Do not leave it out" : "Leave it out"}
          disabled={disabled}
          onClick={() => onChange({ include, exclude: excluded ? exclude : [...exclude, literal] })}
        >
          <CircleMinus size={13} />
        </button>
      )}
      <span className={styles.count}>{count === null ? "" : formatCount(count)}</span>
    </li>
  );
}

/** Values by their frequency, after those that the query names and the list has not. */
function rowsOf(
  facet: Facet,
  asked: Asked,
  found: FacetValues,
  limit: number,
  prefix: string,
): Value[] {
  const listed: Value[] = found.values.slice(0, limit).map(({ value, type, spanCount }) => ({
    literal: literalOf(type, value),
    text: value,
    count: spanCount,
  }));
  const has = (literal: Literal) =>
    listed.some((one) => one.literal !== null && literalKey(one.literal) === literalKey(literal));
  const named = [...asked.include, ...asked.exclude].filter((literal) => !has(literal));
  const missing = prefix === "" ? named.map(namedValue) : [];
  const always = (facet.always?.values ?? [])
    .map((text): Literal | null => (facet.always ? literalOf(facet.always.type, text) : null))
    .filter(
      (one): one is Literal =>
        one !== null && !has(one) && !named.some((name) => literalKey(name) === literalKey(one)),
    )
    .map((literal): Value => ({ ...namedValue(literal), count: 0 }));
  if (facet.always === undefined) return [...missing, ...listed, ...always];
  // A few known words keep their places.
  const order = facet.always.values;
  const place = ({ text }: Value) => (order.includes(text) ? order.indexOf(text) : order.length);
  return [...missing, ...listed, ...always].sort((a, b) => place(a) - place(b));
}

function namedValue(literal: Literal): Value {
  return { literal, text: literal.type === "string" ? literal.value : literal.text, count: null };
}

function Placeholders(): ReactNode {
  return (
    <ul className={styles.values} aria-hidden="true">
      {["a", "b", "c"].map((one) => (
        <li key={one} className={styles.value}>
          <span className={styles.placeholder} />
        </li>
      ))}
    </ul>
  );
}
