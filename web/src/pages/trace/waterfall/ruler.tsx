import { type PointerEvent, type ReactNode, useRef, useState } from "react";
import { formatDuration } from "../../../shared/format";
import { ticks, type Zoom, zoomBetween } from "../../../trace/zoom";
import { useActions, useTrace } from "../context";
import styles from "./waterfall.module.css";

/** Room that a mark with its time takes. */
const TICK_WIDTH = 90;

/** Less than this is a click and no drag. */
const DRAG_PIXELS = 4;

/** The times above the bars; a drag on it zooms. */
export function Ruler({ area }: { area: number }): ReactNode {
  const trace = useTrace((state) => state.trace);
  const zoomed = useTrace((state) => state.view.zoom);
  const actions = useActions();
  const ruler = useRef<HTMLDivElement>(null);
  const [drag, setDrag] = useState<{ from: number; to: number } | null>(null);
  const zoom = zoomed ?? trace.whole;
  const share = (event: PointerEvent) => {
    const box = ruler.current?.getBoundingClientRect();
    return box ? Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) : 0;
  };
  const drop = () => {
    if (drag !== null && Math.abs(drag.to - drag.from) * area >= DRAG_PIXELS) {
      const time = (at: number) => zoom.from + at * (zoom.to - zoom.from);
      const next = zoomBetween(time(drag.from), time(drag.to), trace.model.durationNs);
      actions.zoom(next, "push");
    }
    setDrag(null);
  };
  return (
    <div
      ref={ruler}
      className={styles.ruler}
      aria-hidden="true"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag({ from: share(event), to: share(event) });
      }}
      onPointerMove={(event) => drag && setDrag({ ...drag, to: share(event) })}
      onPointerUp={drop}
      onPointerCancel={() => setDrag(null)}
      onDoubleClick={() => actions.zoom(null, "push")}
    >
      {marksOf(zoom, area).map((time) => (
        <span
          key={time}
          className={styles.tick}
          style={{ left: `${((time - zoom.from) / (zoom.to - zoom.from)) * 100}%` }}
        >
          {formatDuration(time)}
        </span>
      ))}
      {drag === null ? null : (
        <span
          className={styles.brush}
          style={{
            left: `${Math.min(drag.from, drag.to) * 100}%`,
            width: `${Math.abs(drag.to - drag.from) * 100}%`,
          }}
        />
      )}
    </div>
  );
}

/** The ruler's lines behind the bars. */
export function Grid({ area }: { area: number }): ReactNode {
  const trace = useTrace((state) => state.trace);
  const zoomed = useTrace((state) => state.view.zoom);
  const zoom = zoomed ?? trace.whole;
  return (
    <div className={styles.grid} aria-hidden="true">
      {marksOf(zoom, area).map((time) => (
        <span
          key={time}
          style={{ left: `${((time - zoom.from) / (zoom.to - zoom.from)) * 100}%` }}
        />
      ))}
    </div>
  );
}

function marksOf(zoom: Zoom, area: number): number[] {
  return ticks(zoom, ((zoom.to - zoom.from) * TICK_WIDTH) / area);
}
