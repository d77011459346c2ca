import { type PointerEvent, type RefObject, useRef, useState } from "react";
import {
  isWhole,
  type OnZoom,
  wholeZoom,
  type Zoom,
  zoomBetween,
  zoomMoved,
} from "../../../trace/zoom";

interface Drag {
  kind: "brush" | "move";
  start: number;
  last: number;
  pushed: boolean;
}

/** Less is a click, in shares of the width. */
const STILL = 0.004;

/** Dragging selects a stretch; by the grip of what is shown it is moved; a click moves it there. */
export function useBrush(
  area: RefObject<HTMLDivElement | null>,
  { zoom, durationNs, onZoom }: { zoom: Zoom; durationNs: number; onZoom: OnZoom },
) {
  const drag = useRef<Drag | null>(null);
  const [brush, setBrush] = useState<Zoom | null>(null);
  const whole = wholeZoom(durationNs).to;
  const timeOf = (event: PointerEvent) => {
    const box = area.current?.getBoundingClientRect();
    if (box === undefined || box.width === 0) return 0;
    return Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * whole;
  };
  return {
    brush,
    onPointerDown(event: PointerEvent<HTMLElement>) {
      if (event.button !== 0) return;
      const grip = event.target instanceof HTMLElement && event.target.dataset.grip !== undefined;
      const start = timeOf(event);
      drag.current = { kind: grip ? "move" : "brush", start, last: start, pushed: false };
      event.currentTarget.setPointerCapture(event.pointerId);
    },
    onPointerMove(event: PointerEvent<HTMLElement>) {
      const now = drag.current;
      if (now === null) return;
      const time = timeOf(event);
      if (now.kind === "move") {
        if (time === now.last) return;
        onZoom(zoomMoved(zoom, time - now.last, durationNs), now.pushed ? "replace" : "push");
        now.pushed = true;
      } else if (Math.abs(time - now.start) > whole * STILL) {
        setBrush({ from: Math.min(now.start, time), to: Math.max(now.start, time) });
      }
      now.last = time;
    },
    onPointerUp() {
      const now = drag.current;
      drag.current = null;
      setBrush(null);
      if (now === null || now.kind === "move") return;
      if (Math.abs(now.last - now.start) > whole * STILL) {
        onZoom(zoomBetween(now.start, now.last, durationNs), "push");
      } else if (!isWhole(zoom, durationNs)) {
        const middle = (zoom.from + zoom.to) / 2;
        onZoom(zoomMoved(zoom, now.start - middle, durationNs), "push");
      }
    },
    onPointerCancel() {
      drag.current = null;
      setBrush(null);
    },
  };
}
