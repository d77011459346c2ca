import { useVirtualizer } from "@tanstack/react-virtual";
import {
  type MouseEvent,
  type ReactNode,
  type RefObject,
  useEffect,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { rowOf } from "../../../trace/rows";
import { useActions, useTrace, useTraceStore } from "../context";
import { indentFor, panBy, ROW_HEIGHT, zoomBy } from "./geometry";
import { useKeptNumber } from "./kept-number";
import { hitOf, PART } from "./parts";
import { Row, rowId } from "./row";
import { Grid, Ruler } from "./ruler";
import { Splitter } from "./splitter";
import styles from "./waterfall.module.css";
import { windowOf } from "./window";

const NARROWEST = 120;
const NAME_COLUMN = 380;

/** The tree of spans with their time. */
export function Waterfall(): ReactNode {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const [wanted, setWanted] = useKeptNumber("clew.trace.names", NAME_COLUMN);
  const widest = Math.max(NARROWEST, Math.round(width * 0.7));
  const names = Math.min(wanted, widest, Math.max(NARROWEST, Math.round(width * 0.55)));
  const area = Math.max(1, width - names - SCROLLBAR);
  return (
    <div ref={frame} className={styles.waterfall} style={{ ["--names" as string]: `${names}px` }}>
      <div className={styles.head}>
        <span className={styles.headName}>Service and operation</span>
        <Splitter
          label="Width of the names"
          value={names}
          min={NARROWEST}
          max={widest}
          direction={1}
          onChange={setWanted}
        />
        <Ruler area={area} />
      </div>
      <div className={styles.body}>
        <Grid area={area} />
        {width === 0 ? null : <List names={names} area={area} />}
      </div>
    </div>
  );
}

/** Room at the right for a scrollbar and for what ends with the trace. */
const SCROLLBAR = 12;

function List({ names, area }: { names: number; area: number }): ReactNode {
  const rows = useTrace((state) => state.rows);
  const deepest = useTrace((state) => state.trace.tree.deepest);
  const cursor = useTrace((state) => state.cursor);
  const traceId = useTrace((state) => state.trace.model.traceId);
  const store = useTraceStore();
  const actions = useActions();
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    rangeExtractor: windowOf,
    overscan: 0,
  });
  const indent = indentFor(deepest, names);
  const items = virtual.getVirtualItems();
  useCursorInSight(virtual);
  useWheelZoom(scroller, names);

  const click = (event: MouseEvent) => {
    const hit = hitOf(event.target);
    if (hit === null) return;
    if (hit.part === PART.toggle) {
      if (event.altKey) actions.toggleBelow(hit.node);
      else actions.toggle(hit.node);
    } else if (hit.node < store.getState().trace.model.count) {
      actions.open(hit.node, hit.event);
    } else {
      actions.move(hit.node);
    }
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the page's shortcuts move and open rows
    <div
      ref={scroller}
      role="tree"
      aria-label={`Spans of trace ${traceId}`}
      aria-activedescendant={cursor >= 0 ? rowId(cursor) : undefined}
      tabIndex={0}
      className={styles.scroller}
      onClick={click}
    >
      <div className={styles.rows} style={{ height: virtual.getTotalSize() }}>
        {items.map(({ index }) => {
          const node = rows[index];
          return node === undefined ? null : (
            <Row
              // The same elements show other rows: nothing is made while the list moves.
              key={index % items.length}
              index={index}
              node={node}
              indent={indent}
              area={area}
            />
          );
        })}
      </div>
    </div>
  );
}

type Virtual = ReturnType<typeof useVirtualizer<HTMLDivElement, Element>>;

/** Brings the cursor's row into sight when it moves; not when the reader scrolls. */
function useCursorInSight(virtual: Virtual): void {
  const store = useTraceStore();
  const latest = useRef(virtual);
  latest.current = virtual;
  useLayoutEffect(() => {
    const show = (align: "auto" | "center") => {
      const { cursor, rows, trace } = store.getState();
      const row = cursor < 0 ? -1 : rowOf(trace.tree, rows, cursor);
      if (row >= 0) latest.current.scrollToIndex(row, { align });
    };
    show("center");
    return store.subscribe((state, before) => {
      if (state.cursor === before.cursor) return;
      // The list has its new rows after this.
      requestAnimationFrame(() => show("auto"));
    });
  }, [store]);
}

/** Ctrl or ⌘ and the wheel zoom around the pointer, shift and the wheel move. */
function useWheelZoom(scroller: RefObject<HTMLDivElement | null>, names: number): void {
  const store = useTraceStore();
  const actions = useActions();
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const wheel = (event: WheelEvent) => {
      const { trace, view } = store.getState();
      const zoom = view.zoom ?? trace.whole;
      const box = element.getBoundingClientRect();
      const width = box.width - names - SCROLLBAR;
      const share = Math.max(0, Math.min(1, (event.clientX - box.left - names) / width));
      const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
      if (event.ctrlKey || event.metaKey) {
        const around = zoom.start + share * (zoom.end - zoom.start);
        actions.zoom(zoomBy(zoom, Math.exp(event.deltaY / 300), around, trace.whole.end));
      } else if (
        sideways !== 0 &&
        view.zoom !== null &&
        Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)
      ) {
        actions.zoom(panBy(zoom, sideways / width, trace.whole.end));
      } else {
        return;
      }
      event.preventDefault();
    };
    element.addEventListener("wheel", wheel, { passive: false });
    return () => element.removeEventListener("wheel", wheel);
  }, [scroller, store, actions, names]);
}

function useWidth(element: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    if (element.current === null) return;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setWidth(Math.round(entry.contentRect.width));
    });
    observer.observe(element.current);
    setWidth(Math.round(element.current.getBoundingClientRect().width));
    return () => observer.disconnect();
  }, [element]);
  return width;
}
