import type { ReactNode } from "react";
import { seriesColour } from "../colours";
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
  const { model, series } = useTrace((state) => state.trace);
  const shown = shownService(model.services[service] ?? "");
  const operation = name < 0 ? null : shownName(model.names[name] ?? "");
  return (
    <span className={styles.cell} title={operation === null ? shown : `${shown} · ${operation}`}>
      <span className={styles.colour} style={{ background: seriesColour(series, service) }} />
      <span className={operation === null ? undefined : styles.service}>{shown}</span>
      {operation}
    </span>
  );
}
