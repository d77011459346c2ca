/** What stands where there is nothing, not yet, or something went wrong. */

import { CircleAlert, RotateCw } from "lucide-react";
import type { ReactNode } from "react";
import { ApiError } from "../../api/client";
import { Button } from "./button";
import styles from "./states.module.css";

interface EmptyProps {
  title: string;
  /** Why, and the next step. */
  children?: ReactNode;
}

export function Empty({ title, children }: EmptyProps): ReactNode {
  return (
    <div className={styles.state}>
      <p className={styles.title}>{title}</p>
      <div className={styles.body}>{children}</div>
    </div>
  );
}

interface ErrorNoteProps {
  error: unknown;
  onRetry?: (() => void) | undefined;
}

/** What went wrong and what to do, in the server's words. */
export function ErrorNote({ error, onRetry }: ErrorNoteProps): ReactNode {
  const message = error instanceof Error ? error.message : String(error);
  const hint = error instanceof ApiError ? error.hint : null;
  return (
    <div role="alert" className={styles.note}>
      <CircleAlert size={14} />
      <div className={styles.noteBody}>
        <p>{message}</p>
        {hint === null ? null : <p>{hint}</p>}
      </div>
      {onRetry ? (
        <Button small onClick={onRetry}>
          <RotateCw size={13} />
          Ask again
        </Button>
      ) : null}
    </div>
  );
}

export function Spinner(): ReactNode {
  return <span className={styles.spinner} aria-hidden="true" />;
}

export function Loading({ children = "Loading" }: { children?: ReactNode }): ReactNode {
  return (
    <div className={styles.loading} role="status">
      <Spinner />
      {children}
    </div>
  );
}
