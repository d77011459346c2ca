import { Columns3, Plus, X } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { Bounds } from "../../../route/time-text";
import { formatCount } from "../../../shared/format";
import { Button, IconButton } from "../../../shared/ui/button";
import { Popover } from "../../../shared/ui/popover";
import { ErrorNote, Loading } from "../../../shared/ui/states";
import { TextField } from "../../../shared/ui/text-field";
import { useKeys } from "../filters/facet-queries";
import styles from "./columns-menu.module.css";

const INTRINSIC = ["kind", "status", "statusMessage"];
const SCOPES: readonly string[] = ["span", "resource", "instrumentation"];
const MOST_LISTED = 100;

interface ColumnsMenuProps {
  columns: readonly string[];
  bounds: Bounds;
  onChange: (columns: readonly string[]) => void;
}

/** Which fields of a span are columns. */
export function ColumnsMenu(props: ColumnsMenuProps): ReactNode {
  return (
    <Popover
      label="Columns"
      align="end"
      className={styles.popup}
      trigger={
        <Button small>
          <Columns3 size={14} />
          Columns{props.columns.length > 0 ? ` (${props.columns.length})` : ""}
        </Button>
      }
    >
      <Choices {...props} />
    </Popover>
  );
}

function Choices({ columns, bounds, onChange }: ColumnsMenuProps): ReactNode {
  const [text, setText] = useState("");
  const keys = useKeys(bounds);
  const known = (keys.data ?? []).filter((one) => SCOPES.includes(one.scope));
  const all = [...INTRINSIC.map((name) => ({ name, count: null })), ...known];
  const listed = new Map(all.map((one) => [one.name, one.count]));
  const found = [...listed].filter(
    ([name]) => !columns.includes(name) && name.toLowerCase().includes(text.toLowerCase()),
  );
  return (
    <>
      {columns.length > 0 ? (
        <ul className={styles.chosen}>
          {columns.map((column) => (
            <li key={column}>
              <code>{column}</code>
              <IconButton
                small
                label={`Remove ${column}`}
                onClick={() => onChange(columns.filter((one) => one !== column))}
              >
                <X size={13} />
              </IconButton>
            </li>
          ))}
        </ul>
      ) : null}
      <TextField
        label="Add a column"
        hideLabel
        placeholder="Search attributes"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {keys.isPending ? <Loading /> : null}
      {keys.error ? <ErrorNote error={keys.error} /> : null}
      <ul className={styles.list}>
        {found.slice(0, MOST_LISTED).map(([name, count]) => (
          <li key={name}>
            <button type="button" onClick={() => onChange([...columns, name])}>
              <Plus size={13} />
              <code>{name}</code>
              {count === null ? null : <span>{formatCount(count)}</span>}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
