/** Colours of services: by name, so that one service looks the same on every page and day. */

export const SERIES = 16;

/** Place in the palette: FNV-1a over the UTF-16 units of the name. */
export function seriesIndex(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) {
    hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  }
  // The low bits of FNV are its weakest.
  return ((hash ^ (hash >>> 16)) >>> 0) % SERIES;
}

/** A CSS colour for the service. */
export function serviceColour(name: string): string {
  return `var(--series-${seriesIndex(name)})`;
}

/** What tokens are just now, for a canvas: `resolveColours(canvas, ["--text", "--line"])`. */
export function resolveColours(element: Element, tokens: readonly string[]): string[] {
  const probe = document.createElement("span");
  probe.hidden = true;
  element.ownerDocument.body.append(probe);
  try {
    return tokens.map((token) => {
      probe.style.color = `var(${token})`;
      return getComputedStyle(probe).color;
    });
  } finally {
    probe.remove();
  }
}

/** The palette of services for a canvas. */
export function resolveSeries(element: Element): string[] {
  return resolveColours(
    element,
    Array.from({ length: SERIES }, (_, index) => `--series-${index}`),
  );
}
