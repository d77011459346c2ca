/** The columns of both tables, and which are shown unless somebody chose. */

import type { SpanRow, TraceRow } from "../../../api/convert-search";
import { formatCount } from "../../../shared/format";
import {
  Duration,
  Errors,
  Mono,
  Orphans,
  Service,
  Services,
  Text,
  Time,
  type TimeForm,
} from "./cells";
import type { Column } from "./grid";

/** A span and the trace that it is of. */
export interface SpanOfTrace {
  span: SpanRow;
  trace: TraceRow;
}

export const FIRST_TRACE_COLUMNS = ["time", "trace", "duration", "spans", "services"];
/** Where there is little room. */
export const NARROW_TRACE_COLUMNS = ["time", "trace", "duration"];
export const NARROW_SPAN_COLUMNS = ["time", "name", "duration"];
export const FIRST_SPAN_COLUMNS = ["time", "service", "name", "duration", "trace"];

export const TRACE_COLUMNS: readonly (readonly [string, string])[] = [
  ["time", "Start"],
  ["trace", "Trace"],
  ["duration", "Duration"],
  ["spans", "Spans"],
  ["matched", "Matched"],
  ["errors", "Errors"],
  ["services", "Services"],
  ["id", "Trace id"],
];

export const SPAN_COLUMNS: readonly (readonly [string, string])[] = [
  ["time", "Start"],
  ["service", "Service"],
  ["name", "Operation"],
  ["duration", "Duration"],
  ["trace", "Trace"],
  ["id", "Span id"],
];

/** What somebody asked for stands before these. */
const AFTER_FIELDS = ["trace", "id"];

export function traceColumns(
  shown: readonly string[],
  time: TimeForm,
  longestNs: number,
): Column<TraceRow>[] {
  const all: Record<string, Omit<Column<TraceRow>, "id" | "label">> = {
    time: {
      width: time.narrow ? 60 : 108,
      order: (row) => row.startNs,
      cell: (row) => <Time ns={row.startNs} {...time} />,
    },
    trace: {
      width: time.narrow ? 176 : 240,
      grow: 3,
      order: (row) => `${row.service} ${row.name}`,
      cell: (row) => (
        <>
          <Service name={row.service} />
          <Text>{row.name}</Text>
          <Errors count={row.errorCount} />
          <Orphans count={row.orphanCount} />
        </>
      ),
    },
    duration: {
      width: time.narrow ? 72 : 150,
      grow: 1,
      order: (row) => row.durationNs,
      cell: (row) => <Duration ns={row.durationNs} longestNs={longestNs} />,
    },
    spans: {
      width: 56,
      end: true,
      order: (row) => row.spanCount,
      cell: (row) => formatCount(row.spanCount),
    },
    matched: {
      width: 68,
      end: true,
      order: (row) => row.matchedCount,
      cell: (row) => formatCount(row.matchedCount),
    },
    errors: {
      width: 60,
      end: true,
      order: (row) => row.errorCount,
      cell: (row) => formatCount(row.errorCount),
    },
    services: {
      width: 220,
      grow: 3,
      order: (row) => row.services.length,
      cell: (row) => <Services services={row.services} />,
    },
    id: { width: 250, cell: (row) => <Mono>{row.traceId}</Mono> },
  };
  return picked(TRACE_COLUMNS, all, shown);
}

export function spanColumns(
  shown: readonly string[],
  time: TimeForm,
  longestNs: number,
): Column<SpanOfTrace>[] {
  const all: Record<string, Omit<Column<SpanOfTrace>, "id" | "label">> = {
    time: {
      width: time.narrow ? 60 : 108,
      order: ({ span }) => span.startNs,
      cell: ({ span }) => <Time ns={span.startNs} {...time} />,
    },
    service: {
      width: 130,
      grow: 1,
      order: ({ span }) => span.service,
      cell: ({ span }) => <Service name={span.service} />,
    },
    name: {
      width: 200,
      grow: 3,
      order: ({ span }) => span.name,
      cell: ({ span }) => (
        <>
          <Text>{span.name}</Text>
          {span.isError ? <Errors count={1} /> : null}
        </>
      ),
    },
    duration: {
      width: time.narrow ? 72 : 150,
      grow: 1,
      order: ({ span }) => span.durationNs,
      cell: ({ span }) => <Duration ns={span.durationNs} longestNs={longestNs} />,
    },
    trace: {
      width: 160,
      grow: 2,
      order: ({ trace }) => `${trace.service} ${trace.name}`,
      cell: ({ trace }) => (
        <>
          <Text quiet>{`${trace.service} ${trace.name}`}</Text>
          <Orphans count={trace.orphanCount} />
        </>
      ),
    },
    id: { width: 140, cell: ({ span }) => <Mono>{span.spanId}</Mono> },
  };
  const built = picked(SPAN_COLUMNS, all, shown);
  const fields = shown.filter((id) => !SPAN_COLUMNS.some(([known]) => known === id));
  const place = built.findIndex(({ id }) => AFTER_FIELDS.includes(id));
  const before = place < 0 ? built.length : place;
  return [
    ...built.slice(0, before),
    ...fields.map(
      (field): Column<SpanOfTrace> => ({
        id: field,
        label: field,
        width: 120,
        grow: 1,
        order: ({ span }) => sortable(span.selected.get(field) ?? ""),
        cell: ({ span }) => <Text>{span.selected.get(field) ?? ""}</Text>,
      }),
    ),
    ...built.slice(before),
  ];
}

/** More would leave no room for what every span has. */
const MOST_FOUND = 6;

/** What the query itself selects or groups by, that is no column yet; in its order. */
export function fieldsFound(rows: readonly SpanOfTrace[], shown: readonly string[]): string[] {
  const found = new Set<string>();
  for (const { span } of rows) for (const field of span.selected.keys()) found.add(field);
  return [...found].filter((field) => !shown.includes(field)).slice(0, MOST_FOUND);
}

/** Numbers before words, and by their size. */
function sortable(text: string): number | string {
  return text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
}

function picked<Row>(
  names: readonly (readonly [string, string])[],
  all: Record<string, Omit<Column<Row>, "id" | "label">>,
  shown: readonly string[],
): Column<Row>[] {
  const found: Column<Row>[] = [];
  for (const [id, label] of names) {
    const column = all[id];
    if (column && shown.includes(id)) found.push({ id, label, ...column });
  }
  return found;
}
