import { type ReactNode, useDeferredValue, useState } from "react";
import type { Bounds } from "../../../route/time-text";
import { formatCount } from "../../../shared/format";
import { Button } from "../../../shared/ui/button";
import { ErrorNote } from "../../../shared/ui/states";
import { parseConditions } from "../query/conditions";
import { DurationFilter } from "./duration-filter";
import { Facet } from "./facet";
import { type Field, fieldOf, type Key, useKeys } from "./facet-queries";
import styles from "./filters.module.css";
import { usePinned } from "./pinned";

interface FiltersProps {
  query: string;
  onQuery: (query: string) => void;
  bounds: Bounds;
}

const ALWAYS: readonly (readonly [Field, string])[] = [
  [{ scope: "resource", key: "service.name", name: "service.name" }, "Service"],
  [{ scope: "intrinsic", key: "status", name: "status" }, "Status"],
  [{ scope: "intrinsic", key: "name", name: "name" }, "Operation"],
  [{ scope: "intrinsic", key: "kind", name: "kind" }, "Kind"],
];
const FIRST_LISTED = 12;
const MOST_LISTED = 200;

/** Filters that need no language: each click writes the query. */
export function Filters({ query, onQuery, bounds }: FiltersProps): ReactNode {
  const common = { query, onQuery, bounds };
  return (
    <div className={styles.filters}>
      {parseConditions(query) === null ? (
        <p className={styles.note}>
          The query has more than filters can show; they add to its first filter.
        </p>
      ) : null}
      {ALWAYS.map(([field, title], index) => (
        <Facet key={title} field={field} title={title} startsOpen={index < 2} {...common} />
      ))}
      <DurationFilter query={query} onQuery={onQuery} />
      <Attributes {...common} />
    </div>
  );
}

function Attributes({ query, onQuery, bounds }: FiltersProps): ReactNode {
  const [text, setText] = useState("");
  const [listed, setListed] = useState(FIRST_LISTED);
  const [pinned, setPinned] = usePinned();
  const wanted = useDeferredValue(text.trim().toLowerCase());
  const keys = useKeys(bounds);
  const known = (keys.data ?? []).filter(isAttribute);
  const isPinned = (field: Field) => pinned.includes(`${field.scope} ${field.key}`);
  const found = known.filter((one) => one.name.toLowerCase().includes(wanted) && !isPinned(one));
  const pin = (field: Field, on: boolean) => {
    const item = `${field.scope} ${field.key}`;
    setPinned(on ? [...pinned, item] : pinned.filter((one) => one !== item));
  };
  const facet = (field: Field, on: boolean) => (
    <Facet
      key={field.name}
      field={field}
      title={field.name}
      startsOpen={on}
      pinned={on}
      onPin={(next) => pin(field, next)}
      query={query}
      onQuery={onQuery}
      bounds={bounds}
    />
  );
  return (
    <>
      {pinned.flatMap((item) => {
        const [scope = "", ...key] = item.split(" ");
        const field = fieldOf(scope as Key["scope"], key.join(" "));
        return field ? [facet(field, true)] : [];
      })}
      <h3 className={styles.plainHead}>Attributes</h3>
      <input
        type="search"
        aria-label="Find an attribute"
        placeholder="Find an attribute"
        className={styles.find}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setListed(FIRST_LISTED);
        }}
      />
      {keys.error ? <ErrorNote error={keys.error} /> : null}
      {found.slice(0, listed).map((field) => facet(field, false))}
      {keys.data && found.length === 0 ? (
        <p className={styles.none}>No attribute has this in its name.</p>
      ) : null}
      {found.length > listed && listed < MOST_LISTED ? (
        <Button small look="quiet" onClick={() => setListed(MOST_LISTED)}>
          {formatCount(found.length - listed)} more
        </Button>
      ) : null}
    </>
  );
}

/** Neither what is always there, nor what filters of whole spans cannot show. */
function isAttribute({ scope, name }: Key): boolean {
  return (scope === "span" || scope === "resource") && name !== "service.name";
}
