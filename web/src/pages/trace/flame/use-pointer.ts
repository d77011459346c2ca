import { type PointerEvent, type RefObject, useEffect, useRef } from "react";
import { type OnZoom, zoomAround, zoomBetween, zoomMoved } from "../../../trace/zoom";
import { timeAt, type View } from "./scene";

interface Drag {
  kind: "click" | "brush" | "pan";
  pointer: number;
  startX: number;
  x: number;
  y: number;
  /** Whether a step back leads to before it. */
  pushed: boolean;
}

/** Pixels from which on a press that moves is no click. */
const STILL = 4;

export interface PointerTarget {
  view: () => View;
  durationNs: number;
  onZoom: OnZoom;
  onBrush: (brush: readonly [number, number] | null) => void;
  onHover: (at: { x: number; y: number } | null) => void;
  onClick: (x: number, y: number) => void;
}

/** Dragging selects a stretch of time to zoom to; with shift or the middle button it moves. */
export function usePointer(scroller: RefObject<HTMLDivElement | null>, target: PointerTarget) {
  const drag = useRef<Drag | null>(null);
  const latest = useRef(target);
  useEffect(() => {
    latest.current = target;
  });
  useWheel(scroller, latest);

  const place = (event: PointerEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  return {
    onPointerDown(event: PointerEvent<HTMLElement>) {
      const moves = event.button === 1 || (event.button === 0 && event.shiftKey);
      if (event.button !== 0 && !moves) return;
      const { x, y } = place(event);
      // On the scrollbar.
      if (x > event.currentTarget.clientWidth) return;
      const kind = moves ? "pan" : "click";
      drag.current = { kind, pointer: event.pointerId, startX: x, x, y, pushed: false };
    },
    onPointerMove(event: PointerEvent<HTMLElement>) {
      const { x, y } = place(event);
      const now = drag.current;
      if (now === null || now.pointer !== event.pointerId) {
        target.onHover({ x, y });
        return;
      }
      if (now.kind === "click" && Math.abs(x - now.startX) >= STILL) {
        now.kind = "brush";
        target.onHover(null);
      }
      if (now.kind !== "click") event.currentTarget.setPointerCapture(event.pointerId);
      if (now.kind === "brush") target.onBrush([now.startX, x]);
      if (now.kind === "pan") {
        const view = target.view();
        const by = timeAt(view, now.x) - timeAt(view, x);
        event.currentTarget.scrollTop -= y - now.y;
        target.onZoom(zoomMoved(view.zoom, by, target.durationNs), now.pushed ? "replace" : "push");
        now.pushed = true;
      }
      now.x = x;
      now.y = y;
    },
    onPointerUp(event: PointerEvent<HTMLElement>) {
      const now = drag.current;
      drag.current = null;
      if (now === null) return;
      if (now.kind === "click") target.onClick(now.startX, now.y);
      if (now.kind !== "brush") return;
      const view = target.view();
      const { x } = place(event);
      target.onBrush(null);
      target.onZoom(
        zoomBetween(timeAt(view, now.startX), timeAt(view, x), target.durationNs),
        "push",
      );
    },
    onPointerCancel() {
      drag.current = null;
      target.onBrush(null);
    },
    onPointerLeave() {
      if (drag.current === null) target.onHover(null);
    },
  };
}

/** Ctrl or ⌘ with the wheel, and a pinch, zoom; sideways it moves; alone it scrolls the rows. */
function useWheel(
  scroller: RefObject<HTMLDivElement | null>,
  target: RefObject<PointerTarget>,
): void {
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const turned = (event: WheelEvent) => {
      const { view: see, durationNs, onZoom } = target.current;
      const view = see();
      const sideways = event.shiftKey && event.deltaX === 0 ? event.deltaY : event.deltaX;
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        const x = event.clientX - element.getBoundingClientRect().left;
        const factor = Math.exp(Math.max(-200, Math.min(200, event.deltaY)) / 300);
        onZoom(zoomAround(view.zoom, factor, timeAt(view, x), durationNs), "replace");
      } else if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
        event.preventDefault();
        onZoom(
          zoomMoved(view.zoom, timeAt(view, sideways) - timeAt(view, 0), durationNs),
          "replace",
        );
      }
    };
    // React's own listener is passive, and the browser would zoom the page.
    element.addEventListener("wheel", turned, { passive: false });
    return () => element.removeEventListener("wheel", turned);
  }, [scroller, target]);
}
