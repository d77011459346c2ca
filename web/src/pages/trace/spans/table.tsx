import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp } from "lucide-react";
import { type CSSProperties, type ReactNode, useRef } from "react";
import styles from "./table.module.css";

export interface TableColumn<C extends string> {
  id: C;
  name: string;
  /** What it means, for a tooltip. */
  meaning?: string;
  /** As in `grid-template-columns`. */
  width: string;
  numbers?: boolean;
}

interface TableProps<C extends string> {
  label: string;
  columns: readonly TableColumn<C>[];
  sort: { column: C; ascending: boolean };
  onSort: (column: C) => void;
  count: number;
  /** Narrower than this it scrolls sideways. */
  minWidth: number;
  row: (index: number) => {
    key: string | number;
    cells: Record<C, ReactNode>;
    chosen: boolean;
    onClick: () => void;
  };
}

const ROW_HEIGHT = 30;

/** A virtualised table with a header that sorts. */
export function Table<C extends string>(props: TableProps<C>): ReactNode {
  const { label, columns, sort, onSort, count, minWidth, row } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 10,
  });
  const template = columns.map((column) => column.width).join(" ");
  const style = { ["--columns" as string]: template, minWidth } as CSSProperties;
  return (
    <div ref={scroller} className={styles.scroller}>
      <div role="table" aria-label={label} aria-rowcount={count + 1} style={style}>
        <div role="row" className={styles.head} aria-rowindex={1}>
          {columns.map(({ id, name, meaning, numbers }) => (
            <span
              key={id}
              role="columnheader"
              className={styles.headCell}
              data-numbers={numbers || undefined}
              aria-sort={
                sort.column === id ? (sort.ascending ? "ascending" : "descending") : "none"
              }
            >
              <button type="button" title={meaning} onClick={() => onSort(id)}>
                {name}
                {sort.column !== id ? null : sort.ascending ? (
                  <ArrowUp size={12} />
                ) : (
                  <ArrowDown size={12} />
                )}
              </button>
            </span>
          ))}
        </div>
        <div role="rowgroup" className={styles.body} style={{ height: virtual.getTotalSize() }}>
          {virtual.getVirtualItems().map(({ index, start }) => {
            const { key, cells, chosen, onClick } = row(index);
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: as above; this widens what a pointer hits
              <div
                key={key}
                role="row"
                aria-rowindex={index + 2}
                className={styles.row}
                data-chosen={chosen || undefined}
                style={{ transform: `translateY(${start}px)` }}
                onClick={onClick}
              >
                {columns.map(({ id, numbers }, at) => (
                  <span
                    key={id}
                    role="cell"
                    className={styles.cell}
                    data-numbers={numbers || undefined}
                  >
                    {at === 0 ? (
                      <button type="button" className={styles.first} aria-pressed={chosen}>
                        {cells[id]}
                      </button>
                    ) : (
                      cells[id]
                    )}
                  </span>
                ))}
              </div>
            );
          })}
        </div>
      </div>
    </div>
  );
}
