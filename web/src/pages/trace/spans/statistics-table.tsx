import { type ReactNode, useMemo, useState } from "react";
import { formatDuration, formatExact } from "../../../shared/format";
import { useActions, useTrace } from "../context";
import { NameCell } from "./name-cell";
import { ShareCell } from "./share-cell";
import { type Column, type Statistics, sortStatistics, statistics } from "./statistics";
import styles from "./statistics-table.module.css";
import { Table, type TableColumn } from "./table";

const NUMBERS: readonly TableColumn<Column>[] = [
  { id: "count", name: "Spans", width: "64px", numbers: true },
  { id: "errors", name: "Errors", width: "56px", numbers: true },
  {
    id: "self",
    name: "Self time",
    meaning: "Time in which none of a span’s children ran, of all its spans together",
    width: "minmax(110px, 1fr)",
    numbers: true,
  },
  {
    id: "total",
    name: "Total",
    meaning: "Durations of all its spans together; those that run side by side count each",
    width: "84px",
    numbers: true,
  },
  { id: "median", name: "Median", width: "84px", numbers: true },
  { id: "p95", name: "p95", width: "84px", numbers: true },
  { id: "longest", name: "Longest", width: "84px", numbers: true },
];

type Shown = Column | "name";

/** Spans added up by operation or by service; a click asks for those spans. */
export function StatisticsTable({ by }: { by: "operation" | "service" }): ReactNode {
  const model = useTrace((state) => state.trace.model);
  const service = useTrace((state) => state.view.service);
  const operation = useTrace((state) => state.view.operation);
  const actions = useActions();
  const [sort, setSort] = useState<{ column: Shown; ascending: boolean }>({
    column: "self",
    ascending: false,
  });
  const list = useMemo(() => statistics(model, by), [model, by]);
  const sorted = useMemo(() => {
    const { column, ascending } = sort;
    if (column !== "name") return sortStatistics(list, column, ascending);
    const text = (one: Statistics) =>
      `${model.services[one.service]} ${one.name < 0 ? "" : model.names[one.name]}`;
    const sign = ascending ? 1 : -1;
    return [...list].sort((a, b) => sign * text(a).localeCompare(text(b)));
  }, [list, sort, model]);
  const most = useMemo(() => list.reduce((one, { self }) => Math.max(one, self), 0), [list]);
  const name = by === "operation" ? "Operation" : "Service";
  const columns: readonly TableColumn<Shown>[] = [
    { id: "name", name, width: "minmax(180px, 3fr)" },
    ...NUMBERS,
  ];
  return (
    <Table
      label={`Statistics by ${by}`}
      columns={columns}
      sort={sort}
      onSort={(column) =>
        setSort({ column, ascending: sort.column === column ? !sort.ascending : column === "name" })
      }
      count={sorted.length}
      minWidth={760}
      row={(index) => {
        const one = sorted[index] as Statistics;
        const ofService = model.services[one.service] ?? "";
        const ofName = one.name < 0 ? null : (model.names[one.name] ?? "");
        const chosen = service === ofService && (ofName === null || operation === ofName);
        return {
          key: `${one.service} ${one.name}`,
          chosen,
          faded: false,
          onClick: () =>
            actions.change(
              chosen
                ? { service: null, operation: null }
                : { service: ofService, operation: ofName },
            ),
          cells: {
            name: <NameCell service={ofService} name={ofName} />,
            count: formatExact(one.count),
            errors:
              one.errors === 0 ? (
                ""
              ) : (
                <span className={styles.errors}>{formatExact(one.errors)}</span>
              ),
            self: <ShareCell time={one.self} most={most} />,
            total: formatDuration(one.total),
            median: formatDuration(one.median),
            p95: formatDuration(one.p95),
            longest: formatDuration(one.longest),
          },
        };
      }}
    />
  );
}
