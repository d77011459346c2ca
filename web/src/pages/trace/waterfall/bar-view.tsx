import type { ReactNode } from "react";
import { formatDuration } from "../../../shared/format";
import { segmentsOf } from "../../../trace/critical-path";
import { at, Flag, Status } from "../../../trace/model";
import type { Zoom } from "../../../trace/zoom";
import type { Trace } from "../store";
import { barBackground, dotsOf, ownStretches } from "./bar";
import { labelSide, labelWidth, placeOf } from "./geometry";
import { PART } from "./parts";
import styles from "./row.module.css";

/** The bar of a span with what belongs to it. Called by rows, and no component, to be quick. */
export function barOf(
  trace: Trace,
  node: number,
  zoom: Zoom,
  area: number,
  colour: string,
): ReactNode {
  const { model } = trace;
  const start = at(model.start, node);
  const duration = at(model.duration, node);
  const place = placeOf(start, duration, zoom);
  if (place === null) return outsideOf(start + duration < zoom.from);
  const text = formatDuration(duration);
  const side = labelSide(place, labelWidth(text), area);
  const left = percent(place.left);
  const beside =
    side === "before"
      ? { right: percent(1 - place.left) }
      : { left: side === "after" ? percent(place.left + place.width) : left };
  return (
    <>
      <span
        className={styles.bar}
        data-failed={at(model.status, node) === Status.error || undefined}
        style={{
          left,
          width: percent(place.width),
          ["--colour" as string]: colour,
          background: backgroundOf(trace, node, zoom, place.width * area),
        }}
      />
      {criticalOf(trace, node, zoom)}
      <span className={styles.label} data-side={side} style={beside}>
        {text}
      </span>
      {dotted(trace, node, zoom, area)}
    </>
  );
}

function percent(share: number): string {
  return `${share * 100}%`;
}

/** Narrower bars, in pixels, are of one colour. */
const PLAIN = 6;

/** Undefined: of one colour, as the style sheet has it. */
function backgroundOf(
  { model }: Trace,
  node: number,
  zoom: Zoom,
  width: number,
): string | undefined {
  const leaf = at(model.end, node) === node + 1;
  if (leaf || width < PLAIN) return;
  const start = at(model.start, node);
  const own = ownStretches(model, node);
  if (own === null) return;
  return barBackground(own, [start, start + at(model.duration, node)], zoom);
}

/** The span is not in the zoom: an arrow to where it is. */
function outsideOf(before: boolean): ReactNode {
  return (
    <span className={styles.outside} data-before={before || undefined}>
      {before ? "‹" : "›"}
    </span>
  );
}

function criticalOf({ path }: Trace, node: number, zoom: Zoom): ReactNode {
  if (path.on[node] !== 1) return null;
  return Array.from(segmentsOf(path, node), (segment) => {
    const from = at(path.from, segment);
    const place = placeOf(from, at(path.to, segment) - from, zoom);
    return place === null ? null : (
      <span
        key={segment}
        className={styles.critical}
        style={{ left: percent(place.left), width: percent(place.width) }}
      />
    );
  });
}

function dotted({ model }: Trace, node: number, zoom: Zoom, area: number): ReactNode {
  const flags = at(model.flags, node);
  if ((flags & Flag.events) === 0) return null;
  return dotsOf(model, node, zoom, area).map(({ event, left, exception }) => (
    <span
      key={event}
      className={styles.dot}
      data-exception={exception || undefined}
      data-part={PART.event}
      data-event={event}
      style={{ left: percent(left) }}
    />
  ));
}
