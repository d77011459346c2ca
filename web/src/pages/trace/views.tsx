import { lazy, type ReactNode, Suspense, useLayoutEffect, useRef, useState } from "react";
import { Loading } from "../../shared/ui/states";
import { useTrace } from "./context";
import { Overview } from "./overview";
import { SpanPanel } from "./panel/span-panel";
import { SpansView } from "./spans/spans-view";
import styles from "./views.module.css";
import { useKeptNumber } from "./waterfall/kept-number";
import { Splitter } from "./waterfall/splitter";
import { Waterfall } from "./waterfall/waterfall";

const Flame = lazy(async () => ({ default: (await import("./flame-view")).FlameView }));

const PANEL = 440;
const PANEL_MIN = 300;

/** The chosen view, and beside it the panel of the selected span. */
export function Views(): ReactNode {
  const view = useTrace((state) => state.view.view);
  const open = useTrace((state) => state.view.span !== null);
  const frame = useRef<HTMLDivElement>(null);
  const [panel, setPanel] = useKeptNumber("clew.trace.panel", PANEL);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    if (frame.current === null) return;
    const observer = new ResizeObserver(([entry]) => setWidth(entry?.contentRect.width ?? 0));
    observer.observe(frame.current);
    return () => observer.disconnect();
  }, []);
  const widest = Math.max(PANEL_MIN, Math.round(width * 0.7));
  const shown = Math.min(panel, Math.max(PANEL_MIN, Math.round(width * 0.6)));
  return (
    <div ref={frame} className={styles.views} style={{ ["--panel" as string]: `${shown}px` }}>
      <div className={styles.view}>
        {view === "spans" ? null : <Overview />}
        {view === "waterfall" ? <Waterfall /> : null}
        {view === "spans" ? <SpansView /> : null}
        {view === "flame" ? (
          <Suspense fallback={<Loading />}>
            <Flame />
          </Suspense>
        ) : null}
      </div>
      {open ? (
        <>
          <Splitter
            label="Width of the span panel"
            value={shown}
            min={PANEL_MIN}
            max={widest}
            direction={-1}
            onChange={setPanel}
            className={styles.splitter}
          />
          <SpanPanel />
        </>
      ) : null}
    </div>
  );
}
