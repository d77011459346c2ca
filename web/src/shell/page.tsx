import { type ReactNode, useEffect } from "react";
import styles from "./shell.module.css";

interface PageProps {
  /** What the tab of the browser says before "Clew". */
  title: string;
  /** What stands in the header instead of the title. */
  heading?: ReactNode;
  /** Controls at the right of the header. */
  aside?: ReactNode;
  children: ReactNode;
}

/** A page within the shell: its header, and below it a part that scrolls. */
export function Page({ title, heading, aside, children }: PageProps): ReactNode {
  useEffect(() => {
    document.title = `${title} · Clew`;
  }, [title]);
  return (
    <>
      <header className={styles.header}>
        <div className={styles.title}>{heading ?? <h1>{title}</h1>}</div>
        {aside === undefined ? null : <div className={styles.aside}>{aside}</div>}
      </header>
      <div className={styles.content}>{children}</div>
    </>
  );
}
