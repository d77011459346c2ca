import {
  type MouseEvent,
  type ReactNode,
  type RefObject,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { at } from "../../../trace/model";
import { rowOf } from "../../../trace/rows";
import { zoomAround, zoomMoved } from "../../../trace/zoom";
import { useActions, useTrace, useTraceStore } from "../context";
import { indentFor, ROW_HEIGHT } from "./geometry";
import { useKeptNumber } from "./kept-number";
import { Levels } from "./levels";
import { hitOf, PART } from "./parts";
import { Row, rowId } from "./row";
import { Grid, Ruler } from "./ruler";
import { Splitter } from "./splitter";
import { tell } from "./tips";
import styles from "./waterfall.module.css";
import { rowInSlot, scrollFor, useRowWindow } from "./window";

const NARROWEST = 120;
const NAME_COLUMN = 380;

/** The tree of spans with their time. */
export function Waterfall(): ReactNode {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const [wanted, setWanted] = useKeptNumber("clew.trace.names", NAME_COLUMN);
  const widest = Math.max(NARROWEST, Math.round(width * 0.7));
  const names = Math.min(wanted, widest, Math.max(NARROWEST, Math.round(width * 0.55)));
  const area = Math.max(1, width - names - LEFT - RIGHT);
  return (
    <div ref={frame} className={styles.waterfall} style={{ ["--names" as string]: `${names}px` }}>
      <div className={styles.head}>
        <div className={styles.headName}>
          <span>Service and operation</span>
          <Levels />
        </div>
        <Ruler area={area} />
      </div>
      <div className={styles.body}>
        <Grid area={area} />
        {width === 0 ? null : <List names={names} area={area} />}
      </div>
      <Splitter
        label="Width of the names"
        value={names}
        min={NARROWEST}
        max={widest}
        direction={1}
        onChange={setWanted}
        className={styles.splitter}
      />
    </div>
  );
}

/** Room beside the bars, on the right for a scrollbar; the style sheets have the same. */
const LEFT = 6;
const RIGHT = 12;

function List({ names, area }: { names: number; area: number }): ReactNode {
  const rows = useTrace((state) => state.rows);
  const trace = useTrace((state) => state.trace);
  const shown = useTrace((state) => state.shown);
  const zoom = useTrace((state) => state.view.zoom) ?? trace.whole;
  const cursor = useTrace((state) => state.cursor);
  const store = useTraceStore();
  const actions = useActions();
  const scroller = useRef<HTMLDivElement>(null);
  const { deepest } = trace.tree;
  const indent = useMemo(() => indentFor(deepest, names), [deepest, names]);
  const drawn = useRowWindow(scroller, ROW_HEIGHT, rows.length);
  useCursorInSight(scroller);
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
      aria-label={`Spans of trace ${trace.model.traceId}`}
      aria-activedescendant={cursor >= 0 ? rowId(cursor) : undefined}
      tabIndex={0}
      className={styles.scroller}
      style={{ ["--step" as string]: `${indent.step}px` }}
      onClick={click}
      onPointerOver={(event) => tell(event.target, store.getState().trace)}
    >
      <div className={styles.rows} style={{ height: rows.length * ROW_HEIGHT }}>
        {Array.from({ length: drawn.length }, (_, slot) => {
          const index = rowInSlot(slot, drawn);
          return (
            <Row
              // biome-ignore lint/suspicious/noArrayIndexKey: the same elements show other rows
              key={slot}
              index={index}
              node={at(rows, index)}
              trace={trace}
              shown={shown}
              zoom={zoom}
              indent={indent}
              area={area}
            />
          );
        })}
      </div>
    </div>
  );
}

/** Rows that stay in sight above and below the cursor. */
const MARGIN = 2;

/** Brings the cursor's row into sight when it moves; not when the reader scrolls. */
function useCursorInSight(scroller: RefObject<HTMLDivElement | null>): void {
  const store = useTraceStore();
  useLayoutEffect(() => {
    const show = () => {
      const element = scroller.current;
      const { cursor, rows, trace } = store.getState();
      const row = cursor < 0 ? -1 : rowOf(trace.tree, rows, cursor);
      if (element === null || row < 0) return;
      const { scrollTop, clientHeight } = element;
      const to = scrollFor(row, scrollTop, clientHeight, ROW_HEIGHT, MARGIN);
      if (to !== null) element.scrollTop = to;
    };
    show();
    return store.subscribe((state, before) => {
      // The list has its new height in the next frame.
      if (state.cursor !== before.cursor) requestAnimationFrame(show);
    });
  }, [store, scroller]);
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
      const width = box.width - names - LEFT - RIGHT;
      const share = Math.max(0, Math.min(1, (event.clientX - box.left - names - LEFT) / width));
      const sideways = event.shiftKey ? event.deltaY || event.deltaX : event.deltaX;
      const { durationNs } = trace.model;
      const length = zoom.to - zoom.from;
      if (event.ctrlKey || event.metaKey) {
        const around = zoom.from + share * length;
        actions.zoom(zoomAround(zoom, Math.exp(event.deltaY / 300), around, durationNs));
      } else if (Math.abs(sideways) > (event.shiftKey ? 0 : Math.abs(event.deltaY))) {
        actions.zoom(zoomMoved(zoom, (sideways / width) * length, durationNs));
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
