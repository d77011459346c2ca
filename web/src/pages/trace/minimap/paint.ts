import type { Minimap } from "../../../trace/minimap";
import type { Palette } from "../canvas/palette";
import type { Surface } from "../canvas/use-canvas";

/** The whole trace as a picture, kept until it is another: moving the zoom only copies it. */
export function picture(map: Minimap, series: Uint8Array, palette: Palette): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = map.width;
  canvas.height = map.height;
  const context = canvas.getContext("2d");
  if (!context) return canvas;
  const image = context.createImageData(map.width, map.height);
  // A pixel is one number: the bytes of its colour as they lie in memory.
  const pixels = new Uint32Array(image.data.buffer);
  const number = ([red, green, blue]: readonly [number, number, number]) =>
    new Uint32Array(Uint8Array.of(red, green, blue, 255).buffer)[0] ?? 0;
  const colours = [
    0,
    ...Array.from(series, (place) => {
      const colour = palette.seriesRgb[place];
      return colour ? number(colour) : 0;
    }),
  ];
  const error = number(palette.errorRgb);
  for (let place = 0; place < pixels.length; place++) {
    pixels[place] = map.error[place] === 1 ? error : (colours[map.service[place] ?? 0] ?? 0);
  }
  context.putImageData(image, 0, 0);
  return canvas;
}

/** Marks of errors along the bottom, so that one in a hundred thousand is seen. */
const MARK = 3;

export function paintMinimap(surface: Surface, map: Minimap, image: HTMLCanvasElement): void {
  const { context, width, height, palette } = surface;
  context.clearRect(0, 0, width, height);
  context.imageSmoothingEnabled = false;
  context.drawImage(image, 0, 0, width, height - MARK - 1);
  context.fillStyle = palette.error;
  for (let column = 0; column < map.width; column++) {
    if (map.errorColumn[column] === 0) continue;
    let end = column + 1;
    while (end < map.width && map.errorColumn[end] === 1) end++;
    const left = (column / map.width) * width;
    context.fillRect(
      left,
      height - MARK,
      Math.max(1.5, ((end - column) / map.width) * width),
      MARK,
    );
    column = end;
  }
}
