import { type ReactNode, useMemo } from "react";
import { formatDuration } from "../../../shared/format";
import { segmentsOf } from "../../../trace/critical-path";
import { at, Flag } from "../../../trace/model";
import { useTrace } from "../context";
import type { Zoom } from "../url";
import { barBackground, dotsOf, ownStretches } from "./bar";
import { labelSide, labelWidth, placeOf } from "./geometry";
import { PART } from "./parts";
import styles from "./row.module.css";

interface BarProps {
  node: number;
  area: number;
  colour: string;
  failed: boolean;
}

export function Bar({ node, area, colour, failed }: BarProps): ReactNode {
  const trace = useTrace((state) => state.trace);
  const zoomed = useTrace((state) => state.view.zoom);
  const { model } = trace;
  const zoom = zoomed ?? trace.whole;
  const start = at(model.start, node);
  const duration = at(model.duration, node);
  const own = useMemo(() => ownStretches(model, node), [model, node]);
  const place = placeOf(start, duration, zoom);
  if (place === null) return <Outside before={start + duration < zoom.start} />;
  const text = formatDuration(duration);
  const side = labelSide(place, labelWidth(text), area);
  const left = `${place.left * 100}%`;
  const right = `${(place.left + place.width) * 100}%`;
  return (
    <>
      <span
        className={styles.bar}
        data-failed={failed || undefined}
        style={{
          left,
          width: `${place.width * 100}%`,
          ["--colour" as string]: colour,
          background:
            own === null ? "var(--own)" : barBackground(own, [start, start + duration], zoom),
        }}
      />
      <Critical node={node} zoom={zoom} />
      <span
        className={styles.label}
        data-side={side}
        style={
          side === "before"
            ? { right: `${(1 - place.left) * 100}%` }
            : { left: side === "after" ? right : left }
        }
      >
        {text}
      </span>
      {(at(model.flags, node) & Flag.events) !== 0 ? (
        <Dots node={node} area={area} zoom={zoom} />
      ) : null}
    </>
  );
}

/** The span is not in the zoom: an arrow to where it is. */
function Outside({ before }: { before: boolean }): ReactNode {
  return (
    <span className={styles.outside} data-before={before || undefined}>
      {before ? "‹" : "›"}
    </span>
  );
}

function Critical({ node, zoom }: { node: number; zoom: Zoom }): ReactNode {
  const path = useTrace((state) => state.trace.path);
  if (path.on[node] !== 1) return null;
  return Array.from(segmentsOf(path, node), (segment) => {
    const from = at(path.from, segment);
    const place = placeOf(from, at(path.to, segment) - from, zoom);
    return place === null ? null : (
      <span
        key={segment}
        className={styles.critical}
        style={{ left: `${place.left * 100}%`, width: `${place.width * 100}%` }}
      />
    );
  });
}

function Dots({ node, area, zoom }: { node: number; area: number; zoom: Zoom }): ReactNode {
  const model = useTrace((state) => state.trace.model);
  const exception = (at(model.flags, node) & Flag.exception) !== 0;
  const dots = useMemo(() => dotsOf(model, node, zoom, area), [model, node, zoom, area]);
  return dots.map(({ event, left }) => (
    <span
      key={event}
      className={styles.dot}
      data-exception={exception || undefined}
      data-part={PART.event}
      data-event={event}
      style={{ left: `${left * 100}%` }}
    />
  ));
}
