import { type FormEvent, type ReactNode, useState } from "react";
import { useKeyRefusal, useNewKey } from "../api/provider";
import { Button } from "../shared/ui/button";
import { Dialog } from "../shared/ui/dialog";
import { TextField } from "../shared/ui/text-field";
import styles from "./key-dialog.module.css";

/** Asks for an API key when the server does; the key stays in this tab. */
export function KeyDialog(): ReactNode {
  const [refusal, forget] = useKeyRefusal();
  const [key, setKey] = useState("");
  const take = useNewKey();
  const use = (event: FormEvent) => {
    event.preventDefault();
    take(key.trim());
    setKey("");
  };
  return (
    <Dialog title="This Clew asks for an API key" open={refusal !== null} onClose={forget}>
      <form className={styles.form} onSubmit={use}>
        <p>
          {refusal?.message} <code>clew keys create NAME --scope read</code> makes a key to look
          with; one of the scope <code>admin</code> makes others too.
        </p>
        <TextField
          label="API key"
          mono
          type="password"
          autoFocus
          placeholder="kf_…"
          value={key}
          onChange={(event) => setKey(event.target.value)}
        />
        <p>It stays in this tab and is forgotten when you close it.</p>
        <div className={styles.actions}>
          <Button type="submit" look="primary" disabled={key.trim() === ""}>
            Use this key
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
