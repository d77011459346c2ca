import { Plus } from "lucide-react";
import { type ReactNode, useState } from "react";
import type { AttributeKey } from "../../../api/convert-attributes";
import { formatCount } from "../../../shared/format";
import { Button } from "../../../shared/ui/button";
import { Popover } from "../../../shared/ui/popover";
import { TextField } from "../../../shared/ui/text-field";
import styles from "./filters.module.css";

interface AddFacetProps {
  keys: readonly AttributeKey[];
  onAdd: (key: AttributeKey) => void;
}

const LISTED = 100;

/** Any attribute of the range as one more filter. */
export function AddFacet({ keys, onAdd }: AddFacetProps): ReactNode {
  const [open, setOpen] = useState(false);
  const [text, setText] = useState("");
  const wanted = text.trim().toLowerCase();
  const found = keys.filter(({ scope, key }) => `${scope}.${key}`.toLowerCase().includes(wanted));
  const add = (key: AttributeKey | undefined) => {
    if (key === undefined) return;
    onAdd(key);
    setText("");
    setOpen(false);
  };
  return (
    <Popover
      label="Add a filter"
      open={open}
      onOpenChange={setOpen}
      className={styles.popup}
      trigger={
        <Button small look="quiet" className={styles.add}>
          <Plus size={13} />
          Add a filter
        </Button>
      }
    >
      <form
        className={styles.popupHead}
        onSubmit={(event) => {
          event.preventDefault();
          add(found[0]);
        }}
      >
        <TextField
          label="Find an attribute"
          hideLabel
          placeholder="Find an attribute"
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
      </form>
      <ul className={styles.keys}>
        {found.slice(0, LISTED).map((one) => (
          <li key={`${one.scope} ${one.key}`}>
            <button type="button" className={styles.key} onClick={() => add(one)}>
              <span className={styles.text} title={one.key}>
                {one.key}
              </span>
              <span className={styles.scope}>{one.scope}</span>
              <span className={styles.count}>{formatCount(one.spanCount)}</span>
            </button>
          </li>
        ))}
      </ul>
      {found.length === 0 ? (
        <p className={styles.nothing}>No span of the range has such a key.</p>
      ) : null}
      {found.length > LISTED ? (
        <p className={styles.nothing}>{found.length - LISTED} more: type to find them.</p>
      ) : null}
    </Popover>
  );
}
