import { X } from "lucide-react";
import type { ReactNode } from "react";
import { useKeys } from "../../../api/queries-explorer";
import type { Bounds } from "../../../route/time-text";
import { useUrlState } from "../../../route/url";
import { IconButton } from "../../../shared/ui/button";
import { askedOf } from "../query/edit";
import { writeField } from "../query/fields";
import { parseQuery } from "../query/parse";
import { facetsCodec } from "../state";
import { isTexts, useStored } from "../stored";
import { AddFacet } from "./add-facet";
import { DurationFacet } from "./duration";
import { FacetSection } from "./facet";
import {
  DURATION,
  type Facet,
  FIRST_FACETS,
  FIRST_OPEN,
  FIRST_PINNED,
  facetOf,
  facetOfPin,
  fieldOfKey,
  isBuiltIn,
  pinOf,
} from "./facets";
import styles from "./filters.module.css";

interface FiltersProps {
  query: string;
  onQuery: (query: string) => void;
  bounds: Bounds;
  onClose?: () => void;
}

/** Filters that need no language: they write the query, and show what it says of each field. */
export function Filters({ query, onQuery, bounds, onClose }: FiltersProps): ReactNode {
  const [openInUrl, setOpen] = useUrlState(facetsCodec);
  const [pins, setPins] = useStored("clew.explorer.facets", FIRST_PINNED, isTexts);
  const { data } = useKeys(bounds);
  const parsed = parseQuery(query);
  const open = openInUrl ?? FIRST_OPEN;
  const known = new Set(
    (data?.keys ?? []).map((one) => writeField(fieldOfKey(one.scope, one.key))),
  );
  const pinned = pins.map(facetOfPin).filter((one): one is Facet => one !== null);
  // What nobody chose is in the way where no span has it.
  const chosen = pins !== FIRST_PINNED;
  const shown = pinned.filter(({ field }) => chosen || known.has(writeField(field)));
  const toggle = (id: string) => {
    const next = open.includes(id) ? open.filter((one) => one !== id) : [...open, id];
    setOpen(next, "replace");
  };
  const section = (facet: Facet, onUnpin?: () => void) => {
    const id = writeField(facet.field);
    return (
      <FacetSection
        key={id}
        facet={facet}
        asked={askedOf(parsed, facet.field)}
        parsed={parsed}
        onQuery={onQuery}
        bounds={bounds}
        open={open.includes(id)}
        onToggle={() => toggle(id)}
        {...(onUnpin && { onUnpin })}
      />
    );
  };
  return (
    <aside className={styles.filters} aria-label="Filters">
      <div className={styles.top}>
        <h2>Filters</h2>
        {onClose ? (
          <IconButton small label="Hide the filters" onClick={onClose}>
            <X size={14} />
          </IconButton>
        ) : null}
      </div>
      <Note query={query} />
      {FIRST_FACETS.map((facet) => section(facet))}
      <DurationFacet
        parsed={parsed}
        onQuery={onQuery}
        open={open.includes(DURATION)}
        onToggle={() => toggle(DURATION)}
      />
      {shown.map((facet) =>
        section(facet, () => setPins(pins.filter((pin) => pin !== pinOf(facet)))),
      )}
      <AddFacet
        keys={(data?.keys ?? []).filter(
          ({ scope, key }) =>
            !isBuiltIn(fieldOfKey(scope, key)) &&
            !shown.some((one) => one.scope === scope && one.key === key),
        )}
        onAdd={({ scope, key }) => {
          const facet = facetOf(scope, key);
          setPins([...shown.map(pinOf), pinOf(facet)]);
          setOpen([...open, writeField(facet.field)], "replace");
        }}
      />
    </aside>
  );
}

/** What filters cannot show of the query. */
function Note({ query }: { query: string }): ReactNode {
  const { form, simple } = parseQuery(query);
  if (simple) return null;
  const said =
    form === "broken"
      ? "The query cannot be read; filters work again when it can."
      : form === "traceId"
        ? "The query is a trace id; a filter narrows it to some of its spans."
        : "The query has more than filters can show. They add to its first part.";
  return <p className={styles.note}>{said}</p>;
}
