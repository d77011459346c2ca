import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef } from "react";
import { onThemeChange } from "../../../shared/settings";
import { type Palette, readPalette } from "./palette";

/** What is painted on; sizes are CSS pixels, whatever a pixel of the screen is. */
export interface Surface {
  context: CanvasRenderingContext2D;
  width: number;
  height: number;
  ratio: number;
  palette: Palette;
}

/**
 * A canvas that is painted at most once a frame: after each render, at a new size, theme or
 * pixel ratio, and when `repaint` is called. It has the size that its style gives it.
 */
export function useCanvas(paint: (surface: Surface) => void): {
  canvas: RefObject<HTMLCanvasElement | null>;
  repaint: () => void;
} {
  const canvas = useRef<HTMLCanvasElement>(null);
  const latest = useRef(paint);
  const frame = useRef(0);
  const palette = useRef<Palette | null>(null);

  const repaint = useCallback(() => {
    if (frame.current !== 0) return;
    frame.current = requestAnimationFrame(() => {
      frame.current = 0;
      const element = canvas.current;
      const context = element?.getContext("2d");
      if (!element || !context || element.clientWidth === 0) return;
      palette.current ??= readPalette(element);
      const ratio = window.devicePixelRatio;
      const [width, height] = [element.clientWidth, element.clientHeight];
      const pixels = [Math.round(width * ratio), Math.round(height * ratio)] as const;
      // Setting a size clears the canvas even when it is the same.
      if (element.width !== pixels[0]) element.width = pixels[0];
      if (element.height !== pixels[1]) element.height = pixels[1];
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      latest.current({ context, width, height, ratio, palette: palette.current });
    });
  }, []);

  useLayoutEffect(() => {
    latest.current = paint;
    repaint();
  });

  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const sized = new ResizeObserver(repaint);
    sized.observe(element);
    const stopTheme = onThemeChange(() => {
      palette.current = null;
      repaint();
    });
    const stopRatio = onRatioChange(repaint);
    // Text in a font that is still loading is painted in another.
    document.fonts?.ready.then(repaint);
    return () => {
      sized.disconnect();
      stopTheme();
      stopRatio();
      cancelAnimationFrame(frame.current);
      frame.current = 0;
    };
  }, [repaint]);

  return { canvas, repaint };
}

/** A window moved to another screen, or the page zoomed. */
function onRatioChange(told: () => void): () => void {
  let stop = () => {};
  const listen = () => {
    const same = matchMedia(`(resolution: ${window.devicePixelRatio}dppx)`);
    const change = () => {
      told();
      stop();
      listen();
    };
    same.addEventListener("change", change);
    stop = () => same.removeEventListener("change", change);
  };
  listen();
  return () => stop();
}
