/** Colours of services: by name, so that one service looks the same on every page and day. */

export const SERIES = 16;

const ITEM = "clew.series";
const MOST_REMEMBERED = 200;

/** What each name was given in this browser; a name keeps its colour from then on. */
const given = new Map<string, number>(remembered());

/**
 * Place in the palette. Its hash says which, as for everybody; where another service has that place,
 * the next one that is free, so that up to 16 services all differ.
 */
export function seriesIndex(name: string): number {
  const known = given.get(name);
  if (known !== undefined) return known;
  const first = hashed(name);
  const taken = new Set(given.values());
  let index = first;
  while (taken.has(index)) {
    index = (index + 1) % SERIES;
    if (index === first) break;
  }
  if (given.size < MOST_REMEMBERED) {
    given.set(name, index);
    remember();
  }
  return index;
}

/** FNV-1a over the UTF-16 units of the name. */
export function hashed(name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) {
    hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  }
  // The low bits of FNV are its weakest.
  return ((hash ^ (hash >>> 16)) >>> 0) % SERIES;
}

function remembered(): [string, number][] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(ITEM) ?? "[]");
    if (!Array.isArray(found)) return [];
    return found.filter(
      (one): one is [string, number] =>
        Array.isArray(one) &&
        typeof one[0] === "string" &&
        Number.isInteger(one[1]) &&
        one[1] >= 0 &&
        one[1] < SERIES,
    );
  } catch {
    return [];
  }
}

function remember(): void {
  try {
    localStorage.setItem(ITEM, JSON.stringify([...given]));
  } catch {
    // Without storage it holds until the page is closed.
  }
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
