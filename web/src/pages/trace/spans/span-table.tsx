import { type ReactNode, useMemo, useState } from "react";
import { formatDuration } from "../../../shared/format";
import { Empty } from "../../../shared/ui/states";
import { at, Status, type TraceModel } from "../../../trace/model";
import { useActions, useTrace } from "../context";
import { kindName } from "../words";
import { NameCell } from "./name-cell";
import { ShareCell } from "./share-cell";
import styles from "./statistics-table.module.css";
import { Table, type TableColumn } from "./table";

type Shown = "name" | "status" | "kind" | "start" | "duration" | "self";

const COLUMNS: readonly TableColumn<Shown>[] = [
  { id: "name", name: "Span", width: "minmax(180px, 3fr)" },
  { id: "status", name: "Status", width: "60px" },
  { id: "kind", name: "Kind", width: "74px" },
  { id: "start", name: "Starts at", width: "90px", numbers: true },
  { id: "duration", name: "Duration", width: "minmax(100px, 1fr)", numbers: true },
  { id: "self", name: "Self time", width: "minmax(100px, 1fr)", numbers: true },
];

/** Every span that matches, or every span, one a row. */
export function SpanTable(): ReactNode {
  const model = useTrace((state) => state.trace.model);
  const matches = useTrace((state) => state.matches);
  const open = useTrace((state) => state.view.span);
  const cursor = useTrace((state) => state.cursor);
  const actions = useActions();
  const [sort, setSort] = useState<{ column: Shown; ascending: boolean }>({
    column: "start",
    ascending: true,
  });
  const sorted = useMemo(() => {
    const places = matches.active
      ? matches.places.slice()
      : Uint32Array.from({ length: model.count }, (_, place) => place);
    const value = valueBy(model, sort.column);
    const sign = sort.ascending ? 1 : -1;
    return places.sort((a, b) => sign * (value(a) - value(b)) || a - b);
  }, [model, matches, sort]);
  if (sorted.length === 0) {
    return (
      <Empty title="No span matches">
        <p>Take a filter back, or search for something else.</p>
      </Empty>
    );
  }
  return (
    <Table
      label="Spans"
      columns={COLUMNS}
      sort={sort}
      onSort={(column) =>
        setSort({
          column,
          ascending:
            sort.column === column ? !sort.ascending : column === "name" || column === "start",
        })
      }
      count={sorted.length}
      minWidth={700}
      row={(index) => {
        const span = at(sorted, index);
        const failed = at(model.status, span) === Status.error;
        return {
          key: span,
          chosen: open !== null && cursor === span,
          onClick: () => actions.open(span),
          cells: {
            name: <NameCell service={at(model.service, span)} name={at(model.name, span)} />,
            status: failed ? <span className={styles.errors}>error</span> : "",
            kind: kindName(at(model.kind, span)),
            start: `+${formatDuration(at(model.start, span))}`,
            duration: <ShareCell time={at(model.duration, span)} most={model.durationNs} />,
            self: <ShareCell time={at(model.selfTime, span)} most={model.durationNs} />,
          },
        };
      }}
    />
  );
}

function valueBy(model: TraceModel, column: Shown): (span: number) => number {
  if (column === "status") return (span) => at(model.status, span);
  if (column === "kind") return (span) => at(model.kind, span);
  if (column === "start") return (span) => at(model.start, span);
  if (column === "duration") return (span) => at(model.duration, span);
  if (column === "self") return (span) => at(model.selfTime, span);
  // Texts are compared once each, not once a span.
  const ranks = (texts: readonly string[]) => {
    const order = texts.map((_, index) => index);
    order.sort((a, b) => (texts[a] ?? "").localeCompare(texts[b] ?? ""));
    const rank = new Uint32Array(texts.length);
    order.forEach((index, place) => {
      rank[index] = place;
    });
    return rank;
  };
  const services = ranks(model.services);
  const names = ranks(model.names);
  return (span) =>
    at(services, at(model.service, span)) * (model.names.length + 1) +
    at(names, at(model.name, span));
}
