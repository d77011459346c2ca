import {
  type KeyboardEvent,
  type ReactNode,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import type { CriticalPath } from "../../../trace/critical-path";
import { countBefore, layFlame } from "../../../trace/flame";
import { at, endOf, type TraceModel } from "../../../trace/model";
import { type Direction, relative } from "../../../trace/relatives";
import {
  isWhole,
  type OnZoom,
  wholeZoom,
  type Zoom,
  zoomAround,
  zoomBetween,
  zoomMoved,
  zoomShowing,
} from "../../../trace/zoom";
import { TextFitter } from "../canvas/fit-text";
import { useCanvas } from "../canvas/use-canvas";
import styles from "./flame.module.css";
import { FlameTip } from "./flame-tip";
import { paintFlame } from "./paint";
import { around, heightOf, MARGIN, scrollShowing, spanAt, type View } from "./scene";
import { usePointer } from "./use-pointer";
import { graphInWords, spanInWords, zoomInWords } from "./words";

export interface FlameGraphProps {
  model: TraceModel;
  zoom: Zoom;
  onZoom: OnZoom;
  selected: number | null;
  /** A click asks for more than a step by an arrow key does. */
  onSelect: (span: number, by: "click" | "key") => void;
  /** Of each service its place in the palette. */
  series: Uint8Array;
  /** Drawn as a line under the bars. */
  path?: CriticalPath | null;
  /** Of each span: 0 to dim it. `Shown.mask` of a filter, or `Matches.mask` of a search. */
  bright?: Uint8Array | null;
}

const ARROWS: Record<string, Direction> = {
  ArrowUp: "parent",
  ArrowDown: "child",
  ArrowLeft: "previous",
  ArrowRight: "next",
};

/** A click this soon and this near after another makes a double-click. */
const DOUBLE_MS = 500;
const DOUBLE_PX = 5;

/** Spans over time, children under their parents. */
export function FlameGraph(props: FlameGraphProps): ReactNode {
  const { model, zoom, onZoom, selected, onSelect, series } = props;
  const { path = null, bright = null } = props;
  const flame = useMemo(() => layFlame(model), [model]);
  const brightBefore = useMemo(
    () => bright && countBefore(flame.span, (span) => at(bright, span) > 0),
    [flame, bright],
  );
  const told = useMemo(() => graphInWords(model, flame), [model, flame]);
  const toldOfSpan = useMemo(
    () => (selected === null || selected >= model.count ? "" : spanInWords(model, selected)),
    [model, selected],
  );
  const [text] = useState(() => new TextFitter());
  const [hover, setHover] = useState<{ span: number; x: number; y: number } | null>(null);
  const scroller = useRef<HTMLDivElement>(null);
  const brush = useRef<readonly [number, number] | null>(null);
  const clicked = useRef<{ span: number; x: number; y: number; at: number } | null>(null);
  const help = useId();

  const view = (): View => ({
    zoom,
    width: Math.max(1, (scroller.current?.offsetWidth ?? 0) - MARGIN),
    scrollTop: scroller.current?.scrollTop ?? 0,
  });
  const { canvas, repaint } = useCanvas((surface) =>
    paintFlame(surface, {
      ...view(),
      model,
      flame,
      path,
      series,
      bright: brightBefore,
      selected,
      hovered: hover?.span ?? -1,
      brush: brush.current,
      text,
    }),
  );
  const pointer = usePointer(scroller, {
    view,
    durationNs: model.durationNs,
    onZoom,
    onBrush(next) {
      brush.current = next;
      repaint();
    },
    onHover(point) {
      const span = point === null ? -1 : spanAt(flame, view(), point.x, point.y);
      setHover(point === null || span < 0 ? null : { span, ...point });
    },
    onClick(x, y) {
      const before = clicked.current;
      // The panel that the first click opened has moved everything: the second is of the same span.
      const isSecond = before !== null && performance.now() - before.at < DOUBLE_MS;
      if (isSecond && Math.hypot(x - before.x, y - before.y) < DOUBLE_PX) return;
      const span = spanAt(flame, view(), x, y);
      clicked.current = { span, x, y, at: performance.now() };
      if (span >= 0) onSelect(span, "click");
    },
  });

  // Another trace has no row where the last one had it.
  useLayoutEffect(() => {
    if (scroller.current && flame.rows > 0) scroller.current.scrollTop = 0;
    setHover(null);
  }, [flame]);

  useEffect(() => {
    const element = scroller.current;
    if (!element || selected === null || selected >= model.count) return;
    const row = at(flame.row, selected);
    element.scrollTop = scrollShowing(row, element.scrollTop, element.clientHeight);
  }, [flame, model, selected]);

  const zoomTo = (span: number) => {
    const [from, to] = around(model, span);
    onZoom(zoomBetween(from, to, model.durationNs), "push");
  };
  const select = (span: number) => {
    onSelect(span, "key");
    const shown = zoomShowing(zoom, at(model.start, span), endOf(model, span), model.durationNs);
    if (shown !== zoom) onZoom(shown, "replace");
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (!press(event)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  /** Whether the key means something here. */
  const press = ({ key, shiftKey }: KeyboardEvent): boolean => {
    const direction = ARROWS[key];
    const length = zoom.to - zoom.from;
    const middle = (zoom.from + zoom.to) / 2;
    if (direction && shiftKey && (key === "ArrowLeft" || key === "ArrowRight")) {
      const by = length * (key === "ArrowLeft" ? -0.2 : 0.2);
      onZoom(zoomMoved(zoom, by, model.durationNs), "replace");
    } else if (direction) {
      const next = selected === null ? 0 : relative(model, selected, direction);
      if (next >= 0 && next < model.count) select(next);
    } else if (key === "Home" && model.count > 0) {
      select(0);
    } else if (key === "Enter" && selected !== null) {
      zoomTo(selected);
    } else if (key === " " && selected !== null) {
      onSelect(selected, "click");
    } else if (key === "+" || key === "=" || key === "-") {
      onZoom(zoomAround(zoom, key === "-" ? 2 : 0.5, middle, model.durationNs), "replace");
    } else if (key === "Escape" && !isWhole(zoom, model.durationNs)) {
      onZoom(wholeZoom(model.durationNs), "push");
    } else return false;
    return true;
  };

  return (
    <div className={styles.graph}>
      <canvas ref={canvas} className={styles.canvas} />
      <div
        ref={scroller}
        className={styles.scroller}
        role="application"
        aria-roledescription="flame graph"
        aria-label="Flame graph"
        aria-describedby={help}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: an application takes the keyboard
        tabIndex={0}
        onKeyDown={onKeyDown}
        onScroll={repaint}
        onDoubleClick={() => {
          const span = clicked.current?.span ?? -1;
          if (span >= 0) zoomTo(span);
          else onZoom(wholeZoom(model.durationNs), "push");
        }}
        {...pointer}
      >
        <div style={{ height: heightOf(flame) }} />
      </div>
      {hover === null || hover.span >= model.count ? null : (
        <FlameTip
          model={model}
          {...hover}
          width={scroller.current?.offsetWidth ?? 0}
          height={scroller.current?.offsetHeight ?? 0}
        />
      )}
      <p id={help} className="visually-hidden">
        {told} {zoomInWords(zoom)} Up goes to the parent, down to the longest child, left and right
        to siblings; space opens the span, Enter zooms to it, Escape shows the whole trace.
      </p>
      <p className="visually-hidden" aria-live="polite">
        {toldOfSpan}
      </p>
    </div>
  );
}
