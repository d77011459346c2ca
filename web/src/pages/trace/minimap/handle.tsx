import {
  type KeyboardEvent,
  type PointerEvent,
  type ReactNode,
  type RefObject,
  useRef,
} from "react";
import { formatDuration } from "../../../shared/format";
import { type OnZoom, wholeZoom, type Zoom, zoomBetween } from "../../../trace/zoom";
import styles from "./minimap.module.css";

interface HandleProps {
  side: "from" | "to";
  zoom: Zoom;
  durationNs: number;
  onZoom: OnZoom;
  area: RefObject<HTMLDivElement | null>;
}

const STEP = 0.01;
const PAGE = 0.1;

/** One end of what is shown: to drag, or to move by the arrow keys. */
export function Handle({ side, zoom, durationNs, onZoom, area }: HandleProps): ReactNode {
  const pushed = useRef<boolean | null>(null);
  const whole = wholeZoom(durationNs);
  const now = zoom[side];

  const move = (time: number, how: "push" | "replace") => {
    // The ends stay in their order, with something to see between them.
    const least = whole.to / 1000;
    const next = {
      ...zoom,
      [side]:
        side === "from"
          ? Math.max(0, Math.min(time, zoom.to - least))
          : Math.min(whole.to, Math.max(time, zoom.from + least)),
    };
    onZoom(zoomBetween(next.from, next.to, durationNs), how);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = whole.to * (event.shiftKey ? PAGE : STEP);
    const moves: Record<string, number> = {
      ArrowLeft: now - step,
      ArrowDown: now - step,
      ArrowRight: now + step,
      ArrowUp: now + step,
      PageDown: now - whole.to * PAGE,
      PageUp: now + whole.to * PAGE,
      Home: 0,
      End: whole.to,
    };
    const time = moves[event.key];
    if (time === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    move(time, "replace");
  };
  const onPointerMove = (event: PointerEvent) => {
    const box = area.current?.getBoundingClientRect();
    if (pushed.current === null || box === undefined) return;
    move(((event.clientX - box.left) / box.width) * whole.to, pushed.current ? "replace" : "push");
    pushed.current = true;
  };
  return (
    <div
      className={styles.handle}
      style={{ left: `${(now / whole.to) * 100}%` }}
      role="slider"
      tabIndex={0}
      aria-label={side === "from" ? "Start of what is shown" : "End of what is shown"}
      aria-orientation="horizontal"
      aria-valuemin={0}
      aria-valuemax={whole.to}
      aria-valuenow={now}
      aria-valuetext={formatDuration(now)}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        pushed.current = false;
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={onPointerMove}
      onPointerUp={() => {
        pushed.current = null;
      }}
      onPointerCancel={() => {
        pushed.current = null;
      }}
    />
  );
}
