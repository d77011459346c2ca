/**
 * Search within a trace. What a skeleton has is matched here, at once; attributes, events and the
 * rest by the server, whose places are added when they come.
 */

import { at, firstNotBelow, type TraceModel } from "./model";

export interface Matches {
  /** Ascending places. */
  places: Uint32Array;
  /** 1 for each of them. */
  mask: Uint8Array;
}

const STATUS_WORDS = ["", "ok", "error"];
const KIND_WORDS = ["", "internal", "server", "client", "producer", "consumer"];
/** A shorter piece of an id is more likely a word, such as "db". */
const HEX = /^[0-9a-f]{4,}$/;

/** Spans with the text in their name, service or id, or whose status or kind it is; in any case. */
export function searchSpans(model: TraceModel, text: string): Matches {
  const wanted = text.trim().toLowerCase();
  const mask = new Uint8Array(model.count);
  if (wanted === "") return fromMask(mask);
  const names = contains(model.names, wanted);
  const services = contains(model.services, wanted);
  const status = STATUS_WORDS.indexOf(wanted);
  const kind = KIND_WORDS.indexOf(wanted);
  const inIds = HEX.test(wanted);
  for (let span = 0; span < model.count; span++) {
    if (
      names[at(model.name, span)] === 1 ||
      services[at(model.service, span)] === 1 ||
      model.status[span] === status ||
      model.kind[span] === kind ||
      (inIds && (model.ids[span]?.includes(wanted) ?? false))
    ) {
      mask[span] = 1;
    }
  }
  return fromMask(mask);
}

function contains(values: readonly string[], wanted: string): Uint8Array {
  return Uint8Array.from(values, (value) => (value.toLowerCase().includes(wanted) ? 1 : 0));
}

/** With the places that the server found; any it may name that are not there are left out. */
export function withFound(matches: Matches, places: readonly number[]): Matches {
  const mask = matches.mask.slice();
  for (const place of places) mask[place] = 1;
  return fromMask(mask);
}

/** The places that a mask marks. */
export function fromMask(mask: Uint8Array): Matches {
  const places = new Uint32Array(mask.reduce((count, one) => count + one, 0));
  let length = 0;
  for (let span = 0; span < mask.length; span++) if (mask[span] === 1) places[length++] = span;
  return { places, mask };
}

/** The match after or before a place, round the ends; -1 when there is none. */
export function nextMatch({ places }: Matches, from: number | null, step: 1 | -1): number {
  if (places.length === 0) return -1;
  if (from === null) return at(places, step === 1 ? 0 : places.length - 1);
  const next = step === 1 ? firstNotBelow(places, from + 1) : firstNotBelow(places, from) - 1;
  return at(places, (next + places.length) % places.length);
}

/** Which match a place is, from 1; 0 when it is none. */
export function matchNumber({ places }: Matches, place: number | null): number {
  if (place === null) return 0;
  const index = firstNotBelow(places, place);
  return places[index] === place ? index + 1 : 0;
}
