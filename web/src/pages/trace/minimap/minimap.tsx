import { type KeyboardEvent, type ReactNode, useRef } from "react";
import { formatDuration } from "../../../shared/format";
import { type Minimap as Layout, layMinimap } from "../../../trace/minimap";
import type { TraceModel } from "../../../trace/model";
import { isWhole, type OnZoom, wholeZoom, type Zoom } from "../../../trace/zoom";
import type { Palette } from "../canvas/palette";
import { type Surface, useCanvas } from "../canvas/use-canvas";
import { Handle } from "./handle";
import styles from "./minimap.module.css";
import { paintMinimap, picture } from "./paint";
import { useBrush } from "./use-brush";

export interface MinimapProps {
  model: TraceModel;
  zoom: Zoom;
  onZoom: OnZoom;
  /** Of each service its place in the palette. */
  series: Uint8Array;
  /** Of each span: 0 to leave it out. `Shown.mask` of a filter. */
  mask?: Uint8Array | undefined;
}

interface Kept {
  model: TraceModel;
  series: Uint8Array;
  mask: Uint8Array | undefined;
  palette: Palette;
  layout: Layout;
  image: HTMLCanvasElement;
}

/** The whole trace in small: drag to look at a part of it. */
export function Minimap({ model, zoom, onZoom, series, mask }: MinimapProps): ReactNode {
  const kept = useRef<Kept | null>(null);
  const area = useRef<HTMLDivElement>(null);
  const { durationNs } = model;
  const whole = wholeZoom(durationNs);
  const zoomed = !isWhole(zoom, durationNs);

  const { canvas } = useCanvas((surface) => {
    const now = keep(kept.current, surface, { model, series, mask });
    kept.current = now;
    paintMinimap(surface, now.layout, now.image);
  });
  const { brush, ...pointer } = useBrush(area, { zoom, durationNs, onZoom });

  const reset = () => onZoom(whole, "push");
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || !zoomed) return;
    event.preventDefault();
    event.stopPropagation();
    reset();
  };
  const percent = (time: number) => `${(time / whole.to) * 100}%`;
  return (
    <div className={styles.frame}>
      <div
        className={styles.minimap}
        role="group"
        aria-label="The part of the trace that is shown"
        onKeyDown={onKeyDown}
      >
        <canvas ref={canvas} className={styles.canvas} />
        {/* biome-ignore lint/a11y/noStaticElementInteractions: the handles do the same by keyboard */}
        <div
          ref={area}
          data-testid="minimap"
          className={styles.area}
          onDoubleClick={reset}
          {...pointer}
        >
          {zoomed ? (
            <>
              <div className={styles.shade} style={{ left: 0, width: percent(zoom.from) }} />
              <div className={styles.shade} style={{ left: percent(zoom.to), right: 0 }} />
              <div
                className={styles.window}
                data-grip=""
                style={{ left: percent(zoom.from), width: percent(zoom.to - zoom.from) }}
              />
            </>
          ) : null}
          {brush === null ? null : (
            <div
              className={styles.brush}
              style={{ left: percent(brush.from), width: percent(brush.to - brush.from) }}
            />
          )}
        </div>
        <Handle side="from" zoom={zoom} durationNs={durationNs} onZoom={onZoom} area={area} />
        <Handle side="to" zoom={zoom} durationNs={durationNs} onZoom={onZoom} area={area} />
        {zoomed ? (
          <span className="visually-hidden">
            {formatDuration(zoom.from)} to {formatDuration(zoom.to)}; Escape shows the whole trace.
          </span>
        ) : null}
      </div>
    </div>
  );
}

/** The picture of before, as long as nothing in it would be different. */
function keep(
  before: Kept | null,
  { width, height, ratio, palette }: Surface,
  { model, series, mask }: Pick<Kept, "model" | "series" | "mask">,
): Kept {
  const [across, down] = [Math.round(width * ratio), Math.round((height - 4) * ratio)];
  const same =
    before !== null &&
    before.model === model &&
    before.series === series &&
    before.mask === mask &&
    before.palette === palette &&
    before.layout.width === across &&
    before.layout.height === down;
  if (same) return before;
  const layout = layMinimap(model, Math.max(1, across), Math.max(1, down), mask);
  return { model, series, mask, palette, layout, image: picture(layout, series, palette) };
}
