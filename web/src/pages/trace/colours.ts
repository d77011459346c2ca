// Colours of the services of one trace.

import { SERIES, seriesIndex } from "../../shared/colour";

/**
 * Places in the palette. A service has its own colour, as on every page, unless another one of the
 * trace with more time has the same: then it has the next that is free. With more services than
 * colours some are shared.
 */
export function seriesOf(services: readonly string[], byTime: readonly number[]): Uint8Array {
  const series = Uint8Array.from(services, seriesIndex);
  const taken = new Set<number>();
  for (const service of byTime) {
    const own = series[service] ?? 0;
    for (let step = 0; step < SERIES; step++) {
      const free = (own + step) % SERIES;
      if (taken.has(free)) continue;
      taken.add(free);
      series[service] = free;
      break;
    }
  }
  return series;
}

export function seriesColour(series: Uint8Array, service: number): string {
  return `var(--series-${series[service] ?? 0})`;
}
