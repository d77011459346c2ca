/** Tokens as a canvas needs them: strings to fill with, and bytes to mix and to put pixels. */

import { resolveColours, SERIES } from "../../../shared/colour";

export type Rgb = readonly [number, number, number];

export interface Palette {
  surface: string;
  text: string;
  text2: string;
  text3: string;
  line: string;
  accent: string;
  accentSoft: string;
  error: string;
  /** By `seriesIndex` of the service: for what is narrow, and for what text is written on. */
  series: string[];
  soft: string[];
  seriesRgb: Rgb[];
  errorRgb: Rgb;
  font: string;
}

const TOKENS = [
  "--surface",
  "--text",
  "--text-2",
  "--text-3",
  "--line",
  "--accent",
  "--accent-soft",
  "--error-fill",
] as const;

/** How much of its colour a bar with text has; the waterfall's for time spent in children. */
const SOFT = 0.38;

export function readPalette(element: Element): Palette {
  const names = Array.from({ length: SERIES }, (_, index) => `--series-${index}`);
  const all = resolveColours(element, [...TOKENS, ...names]);
  const rgb = bytes(all);
  const [surface = "", text = "", text2 = "", text3 = "", line = "", accent = "", ...rest] = all;
  const [accentSoft = "", error = ""] = rest;
  const seriesRgb = rgb.slice(TOKENS.length);
  const surfaceRgb = rgb[0] ?? [0, 0, 0];
  return {
    surface,
    text,
    text2,
    text3,
    line,
    accent,
    accentSoft,
    error,
    series: all.slice(TOKENS.length),
    soft: seriesRgb.map((one) => `rgb(${mixed(one, surfaceRgb, SOFT).join(" ")})`),
    seriesRgb,
    errorRgb: rgb[TOKENS.length - 1] ?? [0, 0, 0],
    font: getComputedStyle(element).fontFamily,
  };
}

export function mixed(one: Rgb, other: Rgb, share: number): Rgb {
  const part = (index: 0 | 1 | 2) => Math.round(one[index] * share + other[index] * (1 - share));
  return [part(0), part(1), part(2)];
}

/** Whatever notation a colour has, a canvas knows its bytes. */
function bytes(colours: readonly string[]): Rgb[] {
  const canvas = document.createElement("canvas");
  canvas.width = colours.length;
  canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) return colours.map(() => [0, 0, 0]);
  colours.forEach((colour, index) => {
    context.fillStyle = colour;
    context.fillRect(index, 0, 1, 1);
  });
  const { data } = context.getImageData(0, 0, colours.length, 1);
  return colours.map((_, index) => {
    const [red = 0, green = 0, blue = 0] = data.subarray(4 * index, 4 * index + 3);
    return [red, green, blue];
  });
}
