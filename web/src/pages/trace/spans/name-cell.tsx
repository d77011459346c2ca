import type { ReactNode } from "react";
import { serviceColour } from "../../../shared/colour";
import { useTrace } from "../context";
import { shownName, shownService } from "../words";
import styles from "./name-cell.module.css";

interface NameCellProps {
  /** Index into the model's services. */
  service: number;
  /** Index into its names; -1 for a whole service. */
  name: number;
}

/** A service with its colour, and the operation if it is one. */
export function NameCell({ service, name }: NameCellProps): ReactNode {
  const model = useTrace((state) => state.trace.model);
  const own = model.services[service] ?? "";
  const shown = shownService(own);
  const operation = name < 0 ? null : shownName(model.names[name] ?? "");
  return (
    <span className={styles.cell} title={operation === null ? shown : `${shown} · ${operation}`}>
      <span className={styles.colour} style={{ background: serviceColour(own) }} />
      <span className={operation === null ? undefined : styles.service}>{shown}</span>
      {operation}
    </span>
  );
}
