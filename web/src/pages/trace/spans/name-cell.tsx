import type { ReactNode } from "react";
import { serviceColour } from "../../../shared/colour";
import { shownName, shownService } from "../words";
import styles from "./name-cell.module.css";

/** A service with its colour, and the operation if it is one. */
export function NameCell({ service, name }: { service: string; name: string | null }): ReactNode {
  const shown = shownService(service);
  return (
    <span className={styles.cell} title={name === null ? shown : `${shown} · ${name}`}>
      <span className={styles.colour} style={{ background: serviceColour(shown) }} />
      <span className={name === null ? undefined : styles.service}>{shown}</span>
      {name === null ? null : shownName(name)}
    </span>
  );
}
