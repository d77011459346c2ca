import { Columns3 } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useKeys } from "../../../api/queries-explorer";
import type { Bounds } from "../../../route/time-text";
import { Button } from "../../../shared/ui/button";
import { Popover } from "../../../shared/ui/popover";
import { Switch } from "../../../shared/ui/switch";
import { TextField } from "../../../shared/ui/text-field";
import { fieldOfKey } from "../filters/facets";
import { writeField } from "../query/fields";
import { SPAN_COLUMNS, TRACE_COLUMNS } from "./columns";
import styles from "./results.module.css";

interface ColumnsMenuProps {
  view: "traces" | "spans";
  shown: readonly string[];
  onShown: (shown: readonly string[]) => void;
  ago: boolean;
  onAgo: (ago: boolean) => void;
  bounds: Bounds;
}

// A stage takes as many fields.
const MOST_FIELDS = 32;
const LISTED = 100;

/** Which columns the table has; of spans, any attribute can be one. */
export function ColumnsMenu(props: ColumnsMenuProps): ReactNode {
  const [open, setOpen] = useState(false);
  return (
    <Popover
      label="Columns"
      align="end"
      open={open}
      onOpenChange={setOpen}
      className={styles.menu}
      trigger={
        <Button small>
          <Columns3 size={13} />
          Columns
        </Button>
      }
    >
      {open ? <Choices {...props} /> : null}
    </Popover>
  );
}

function Choices({ view, shown, onShown, ago, onAgo, bounds }: ColumnsMenuProps): ReactNode {
  const [text, setText] = useState("");
  const isSpans = view === "spans";
  const { data } = useKeys(bounds, isSpans);
  const known = isSpans ? SPAN_COLUMNS : TRACE_COLUMNS;
  const fields = shown.filter((id) => !known.some(([one]) => one === id));
  const has = (name: string) => name.toLowerCase().includes(text.trim().toLowerCase());
  const offered = (data?.keys ?? [])
    // Events are many to a span: they are no column.
    .filter(
      ({ scope, key }) =>
        scope !== "event" && !(scope === "intrinsic" && /^event:|^name$/.test(key)),
    )
    .map(({ scope, key }) => writeField(fieldOfKey(scope, key)))
    .filter((name) => !fields.includes(name));
  const found = offered.filter(has);
  const toggle = (id: string, on: boolean) => {
    const next = on ? [...shown, id] : shown.filter((one) => one !== id);
    if (next.some((one) => known.some(([name]) => name === one))) onShown(next);
  };
  const choice = (id: string, label: string) => (
    <label key={id} className={styles.choice}>
      <input
        type="checkbox"
        checked={shown.includes(id)}
        disabled={
          !shown.includes(id) && fields.length >= MOST_FIELDS && !known.some(([one]) => one === id)
        }
        onChange={(event) => toggle(id, event.target.checked)}
      />
      <span className={styles.choiceName} title={label}>
        {label}
      </span>
    </label>
  );
  return (
    <>
      <div className={styles.menuHead}>
        {isSpans ? (
          <TextField
            label="Find a column"
            hideLabel
            placeholder="Find a column"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        ) : (
          <Switch label="Time as “3 min ago”" checked={ago} onChange={onAgo} />
        )}
      </div>
      <div className={styles.list}>
        {known.filter(([, label]) => has(label)).map(([id, label]) => choice(id, label))}
        {fields.filter(has).map((id) => choice(id, id))}
        {isSpans && found.length > 0 ? <p className={styles.group}>Attributes</p> : null}
        {isSpans ? found.slice(0, LISTED).map((name) => choice(name, name)) : null}
        {isSpans && found.length > LISTED ? (
          <p className={styles.group}>{found.length - LISTED} more: type to find them</p>
        ) : null}
        {isSpans ? (
          <div className={styles.choice}>
            <Switch label="Time as “3 min ago”" checked={ago} onChange={onAgo} />
          </div>
        ) : null}
      </div>
    </>
  );
}
