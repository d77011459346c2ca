/** One plot: axes, cursor and drag are uPlot's, what is painted is ours. */

import { type ReactNode, useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Colours } from "./colours";
import styles from "./plot.module.css";

export interface Point {
  x: number;
  y: number;
}

export interface Mark {
  at: number;
  label: string;
}

export interface PlotProps {
  width: number;
  height: number;
  x: readonly [number, number];
  y: readonly [number, number];
  /** Null: another plot below has them. */
  xMarks: readonly Mark[] | null;
  yMarks: readonly Mark[];
  colours: Colours;
  /** A drag chooses along y as well. */
  dragsY: boolean;
  /** Plots of one key share their cursor. */
  link: string;
  paint: (canvas: Canvas) => void;
  onMove: (point: Point | null) => void;
  onDrag: (from: Point, to: Point) => void;
}

/** What to paint on; places are in the plot's own units. */
export interface Canvas {
  context: CanvasRenderingContext2D;
  /** Pixels of the screen in one of CSS. */
  ratio: number;
  x: (value: number) => number;
  y: (value: number) => number;
}

export const Y_AXIS = 56;
const X_AXIS = 24;
const RIGHT = 12;
const FONT = '11px "Inter Variable", system-ui, sans-serif';

export function Plot(props: PlotProps): ReactNode {
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const { colours, dragsY, link, xMarks } = props;
  const hasMarks = xMarks !== null;
  useEffect(() => {
    const root = holder.current;
    if (!root) return;
    const made = new uPlot(
      options(latest, colours, dragsY, link, hasMarks),
      data(latest.current),
      root,
    );
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = null;
    };
  }, [colours, dragsY, link, hasMarks]);
  // After every render: what is painted comes from closures.
  useEffect(() => {
    const one = plot.current;
    if (!one) return;
    const { width, height } = latest.current;
    if (one.width !== width || one.height !== height) one.setSize({ width, height });
    one.setData(data(latest.current));
  });
  return <div ref={holder} className={styles.plot} style={{ height: props.height }} />;
}

function data({ x, y }: PlotProps): uPlot.AlignedData {
  return [[...x], [...y]];
}

function options(
  latest: { readonly current: PlotProps },
  colours: Colours,
  dragsY: boolean,
  link: string,
  hasMarks: boolean,
): uPlot.Options {
  const axis = {
    stroke: colours.text,
    font: FONT,
    ticks: { show: false },
    grid: { stroke: colours.line, width: 1 },
  } satisfies uPlot.Axis;
  const at = (u: uPlot, left: number, top: number): Point => ({
    x: u.posToVal(left, "x"),
    y: u.posToVal(top, "y"),
  });
  return {
    width: latest.current.width,
    height: latest.current.height,
    padding: [8, RIGHT, hasMarks ? 0 : 4, 0],
    legend: { show: false },
    scales: {
      x: { time: false, range: () => [...latest.current.x] },
      y: { range: () => [...latest.current.y] },
    },
    series: [{}, { paths: () => null, points: { show: false } }],
    axes: [
      {
        ...axis,
        size: hasMarks ? X_AXIS : 0,
        gap: 6,
        splits: () => (latest.current.xMarks ?? []).map((mark) => mark.at),
        values: () => (latest.current.xMarks ?? []).map((mark) => mark.label),
      },
      {
        ...axis,
        size: Y_AXIS,
        gap: 6,
        splits: () => latest.current.yMarks.map((mark) => mark.at),
        values: () => latest.current.yMarks.map((mark) => mark.label),
      },
    ],
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: true, y: dragsY, setScale: false, dist: 4 },
      sync: {
        key: link,
        setSeries: false,
        // A drag is of one plot alone.
        filters: { pub: (type) => type === "mousemove" || type === "mouseleave" },
      },
    },
    hooks: {
      draw: [
        (u) => {
          const { context, ...canvas } = canvasOf(u);
          context.save();
          context.beginPath();
          context.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height);
          context.clip();
          latest.current.paint({ context, ...canvas });
          context.restore();
        },
      ],
      setCursor: [
        (u) => {
          const { left = -1, top = -1, event } = u.cursor;
          // Events of the other plot only move the line.
          if (!event || !u.over.contains(event.target as Node)) return;
          latest.current.onMove(left < 0 || top < 0 ? null : at(u, left, top));
        },
      ],
      setSelect: [
        (u) => {
          const { left, top, width, height } = u.select;
          if (width <= 0 && height <= 0) return;
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          latest.current.onDrag(at(u, left, top + height), at(u, left + width, top));
        },
      ],
      ready: [
        (u) => {
          u.over.addEventListener("mouseleave", () => latest.current.onMove(null));
        },
      ],
    },
  };
}

function canvasOf(u: uPlot): Canvas {
  return {
    context: u.ctx,
    ratio: uPlot.pxRatio,
    x: (value) => u.valToPos(value, "x", true),
    y: (value) => u.valToPos(value, "y", true),
  };
}
