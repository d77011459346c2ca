import type { ReactNode } from "react";
import { Segments } from "../../../shared/ui/segments";
import { useActions, useTrace } from "../context";
import { SpanTable } from "./span-table";
import styles from "./spans-view.module.css";
import { StatisticsTable } from "./statistics-table";

const GROUP_NAMES = [
  ["operation", "By operation"],
  ["service", "By service"],
  ["span", "Each span"],
] as const;

/** The spans as a table: added up, or one by one. */
export function SpansView(): ReactNode {
  const group = useTrace((state) => state.view.group);
  const actions = useActions();
  return (
    <div className={styles.view}>
      <div className={styles.bar}>
        <Segments
          label="Rows of the table"
          value={group}
          onChange={(next) => actions.change({ group: next })}
          choices={GROUP_NAMES}
        />
      </div>
      {group === "span" ? <SpanTable /> : <StatisticsTable by={group} key={group} />}
    </div>
  );
}
