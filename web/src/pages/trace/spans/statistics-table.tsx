import { type ReactNode, useMemo, useState } from "react";
import { formatDuration, formatExact } from "../../../shared/format";
import { byOperation, byService, type GroupStatistics } from "../../../trace/statistics";
import { useActions, useTrace } from "../context";
import { NameCell } from "./name-cell";
import { ShareCell } from "./share-cell";
import styles from "./statistics-table.module.css";
import { Table, type TableColumn } from "./table";

type Column = "count" | "errors" | "selfNs" | "totalNs" | "runningNs" | "p50Ns" | "p95Ns" | "maxNs";

const NUMBERS: readonly TableColumn<Column>[] = [
  { id: "count", name: "Spans", width: "64px", numbers: true },
  { id: "errors", name: "Errors", width: "56px", numbers: true },
  {
    id: "selfNs",
    name: "Self time",
    meaning: "Time in which none of a span’s children ran, of all its spans together",
    width: "minmax(110px, 1fr)",
    numbers: true,
  },
  {
    id: "totalNs",
    name: "Total",
    meaning: "Durations of all its spans together; those that run side by side count each",
    width: "84px",
    numbers: true,
  },
  {
    id: "runningNs",
    name: "Running",
    meaning: "Time while at least one of its spans ran",
    width: "84px",
    numbers: true,
  },
  { id: "p50Ns", name: "Median", width: "84px", numbers: true },
  { id: "p95Ns", name: "p95", width: "84px", numbers: true },
  { id: "maxNs", name: "Longest", width: "84px", numbers: true },
];

type Shown = Column | "name";

/** Spans added up by operation or by service; a click asks for those spans. */
export function StatisticsTable({ by }: { by: "operation" | "service" }): ReactNode {
  const model = useTrace((state) => state.trace.model);
  const service = useTrace((state) => state.view.service);
  const operation = useTrace((state) => state.view.operation);
  const actions = useActions();
  const [sort, setSort] = useState<{ column: Shown; ascending: boolean }>({
    column: "selfNs",
    ascending: false,
  });
  const list = useMemo(
    () => (by === "operation" ? byOperation(model) : byService(model)),
    [model, by],
  );
  const sorted = useMemo(() => {
    const { column, ascending } = sort;
    if (column !== "name") return sortedBy(list, column, ascending);
    const text = (one: GroupStatistics) =>
      `${model.services[one.service]} ${one.name < 0 ? "" : model.names[one.name]}`;
    const sign = ascending ? 1 : -1;
    return [...list].sort((a, b) => sign * text(a).localeCompare(text(b)));
  }, [list, sort, model]);
  const most = useMemo(() => list.reduce((one, { selfNs }) => Math.max(one, selfNs), 0), [list]);
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
      minWidth={840}
      row={(index) => {
        const one = sorted[index] as GroupStatistics;
        const ofService = model.services[one.service] ?? "";
        const ofName = one.name < 0 ? null : (model.names[one.name] ?? "");
        const chosen = service === ofService && (ofName === null || operation === ofName);
        return {
          key: `${one.service} ${one.name}`,
          chosen,
          onClick: () =>
            actions.change(
              chosen
                ? { service: null, operation: null }
                : { service: ofService, operation: ofName },
            ),
          cells: {
            name: <NameCell service={one.service} name={one.name} />,
            count: formatExact(one.count),
            errors:
              one.errors === 0 ? (
                ""
              ) : (
                <span className={styles.errors}>{formatExact(one.errors)}</span>
              ),
            selfNs: <ShareCell time={one.selfNs} most={most} />,
            totalNs: formatDuration(one.totalNs),
            runningNs: formatDuration(one.runningNs),
            p50Ns: formatDuration(one.p50Ns),
            p95Ns: formatDuration(one.p95Ns),
            maxNs: formatDuration(one.maxNs),
          },
        };
      }}
    />
  );
}

/** Equal ones stay in their order. */
function sortedBy(
  list: readonly GroupStatistics[],
  column: Column,
  ascending: boolean,
): GroupStatistics[] {
  const sign = ascending ? 1 : -1;
  return [...list].sort((a, b) => sign * (a[column] - b[column]));
}
