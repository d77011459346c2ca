import { formatDuration } from "../../../shared/format";
import type { CriticalPath } from "../../../trace/critical-path";
import { drawRow, type Flame } from "../../../trace/flame";
import { at, firstNotBelow, type TraceModel } from "../../../trace/model";
import { ticks } from "../../../trace/zoom";
import type { TextFitter } from "../canvas/fit-text";
import type { Surface } from "../canvas/use-canvas";
import { AXIS, pixelAt, ROW, type View } from "./scene";
import { nameOf } from "./words";

export interface Scene extends View {
  model: TraceModel;
  flame: Flame;
  path: CriticalPath | null;
  /** Of each service its place in the palette. */
  series: Uint8Array;
  /** How many slots before each stand out; null: all do. */
  bright: Uint32Array | null;
  selected: number | null;
  hovered: number;
  /** From and to where somebody is dragging, in pixels. */
  brush: readonly [number, number] | null;
  text: TextFitter;
}

const BAR = ROW - 2;
const TICK_ROOM = 90;
/** Narrower bars have no text, and their colour in full. */
const TEXT_FROM = 28;
const SOLID_TO = 5;
const DIM = 0.22;

export function paintFlame(surface: Surface, scene: Scene): void {
  const { context, width, height, palette } = surface;
  context.globalAlpha = 1;
  context.fillStyle = palette.surface;
  context.fillRect(0, 0, width, height);
  const marks = ticks(scene.zoom, (scene.zoom.to - scene.zoom.from) / (scene.width / TICK_ROOM));
  paintGrid(surface, scene, marks);
  context.save();
  context.beginPath();
  context.rect(0, AXIS, scene.width, height - AXIS);
  context.clip();
  paintBars(surface, scene);
  if (scene.path) paintPath(surface, scene, scene.path);
  paintFrame(surface, scene, scene.hovered, palette.text, 1);
  if (scene.selected !== null) paintFrame(surface, scene, scene.selected, palette.accent, 2);
  context.restore();
  paintAxis(surface, scene, marks);
  if (scene.brush) paintBrush(surface, scene.brush);
}

function paintBars({ context, height, palette }: Surface, scene: Scene): void {
  const { model, flame, series } = scene;
  const window = { from: scene.zoom.from, to: scene.zoom.to, width: scene.width };
  const firstRow = Math.max(0, Math.floor(scene.scrollTop / ROW));
  const lastRow = Math.min(flame.rows, Math.ceil((scene.scrollTop + height - AXIS) / ROW));
  context.font = `11px ${palette.font}`;
  context.textBaseline = "middle";
  for (let row = firstRow; row < lastRow; row++) {
    const top = AXIS + row * ROW - scene.scrollTop + 1;
    drawRow(flame, row, window, (first, last, left, right) => {
      const span = at(flame.span, first);
      const colour = series[at(model.service, span)] ?? 0;
      const failed = at(flame.errorsBefore, last) > at(flame.errorsBefore, first);
      const { bright } = scene;
      const dim = bright !== null && at(bright, last) === at(bright, first);
      context.globalAlpha = dim ? DIM : 1;
      // A hair between bars of a row, as long as there is room for one.
      const wide = right - left > 3 ? right - left - 1 : right - left;
      if (wide <= SOLID_TO) {
        const solid = failed ? palette.error : palette.series[colour];
        context.fillStyle = solid ?? "";
        context.fillRect(left, top, Math.max(wide, 0.5), BAR);
        return;
      }
      context.fillStyle = palette.soft[colour] ?? "";
      context.fillRect(left, top, wide, BAR);
      context.fillStyle = palette.series[colour] ?? "";
      context.fillRect(left, top, 2, BAR);
      if (failed) {
        context.fillStyle = palette.error;
        context.fillRect(left, top, wide, 3);
      }
      if (wide >= TEXT_FROM) paintText(context, scene, span, left, wide, top, palette);
    });
  }
  context.globalAlpha = 1;
}

function paintText(
  context: CanvasRenderingContext2D,
  { model, text }: Scene,
  span: number,
  left: number,
  wide: number,
  top: number,
  palette: Surface["palette"],
): void {
  const room = wide - 11;
  const middle = top + BAR / 2 + 1;
  const name = text.fit(context, nameOf(model, span), room);
  context.fillStyle = palette.text;
  context.fillText(name, left + 7, middle);
  const used = text.width(context, name);
  if (room - used < 54) return;
  const duration = formatDuration(at(model.duration, span));
  context.fillStyle = palette.text2;
  context.fillText(duration, left + 7 + used + 8, middle);
}

/** A line along the bottom of bars; of what is within a pixel of a row, only the first. */
function paintPath({ context, height, palette }: Surface, scene: Scene, path: CriticalPath): void {
  const { zoom, flame } = scene;
  const firstRow = Math.floor(scene.scrollTop / ROW);
  const reached = new Float64Array(Math.ceil(height / ROW) + 1).fill(-1);
  context.fillStyle = palette.text;
  for (let index = firstNotBelow(path.to, zoom.from); index < path.span.length; index++) {
    if (at(path.from, index) > zoom.to) break;
    const row = at(flame.row, at(path.span, index));
    const line = row - firstRow;
    if (line < 0 || line >= reached.length) continue;
    const top = AXIS + row * ROW - scene.scrollTop;
    const left = Math.max(0, pixelAt(scene, at(path.from, index)));
    const right = Math.min(scene.width, pixelAt(scene, at(path.to, index)));
    if (right - at(reached, line) < 1) continue;
    context.fillRect(left, top + ROW - 3, Math.max(1, right - left), 2);
    reached[line] = Math.max(right, left + 1);
  }
}

function paintFrame(
  { context }: Surface,
  scene: Scene,
  span: number,
  colour: string,
  line: number,
): void {
  if (span < 0 || span >= scene.model.count) return;
  const start = at(scene.model.start, span);
  const left = Math.max(-4, pixelAt(scene, start));
  const right = Math.min(
    scene.width + 4,
    Math.max(left + 2, pixelAt(scene, start + at(scene.model.duration, span))),
  );
  if (right < 0 || left > scene.width) return;
  const top = AXIS + at(scene.flame.row, span) * ROW - scene.scrollTop + 1;
  context.strokeStyle = colour;
  context.lineWidth = line;
  context.strokeRect(left + line / 2, top + line / 2, Math.max(1, right - left - line), BAR - line);
}

function paintGrid({ context, height, palette }: Surface, scene: Scene, marks: number[]): void {
  context.fillStyle = palette.line;
  context.globalAlpha = 0.6;
  for (const mark of marks) {
    context.fillRect(Math.round(pixelAt(scene, mark)), AXIS, 1, height - AXIS);
  }
  context.globalAlpha = 1;
}

function paintAxis({ context, width, palette }: Surface, scene: Scene, marks: number[]): void {
  context.fillStyle = palette.surface;
  context.fillRect(0, 0, width, AXIS);
  context.fillStyle = palette.line;
  context.fillRect(0, AXIS - 1, width, 1);
  context.font = `11px ${palette.font}`;
  context.textBaseline = "middle";
  for (const mark of marks) {
    const x = Math.round(pixelAt(scene, mark));
    context.fillStyle = palette.line;
    context.fillRect(x, 0, 1, AXIS);
    context.fillStyle = palette.text3;
    const label = formatDuration(mark);
    if (x + 5 + scene.text.width(context, label) <= width) context.fillText(label, x + 5, AXIS / 2);
  }
}

function paintBrush(
  { context, height, palette }: Surface,
  [one, other]: readonly [number, number],
) {
  const left = Math.min(one, other);
  const wide = Math.abs(other - one);
  context.globalAlpha = 0.16;
  context.fillStyle = palette.accent;
  context.fillRect(left, 0, wide, height);
  context.globalAlpha = 1;
  context.fillRect(left, 0, 1, height);
  context.fillRect(left + wide - 1, 0, 1, height);
}
