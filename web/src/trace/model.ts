/**
 * A trace as columns: one typed array a field, a value for each span, in the order in which a
 * waterfall shows them (depth first, siblings by start). Spans are known by their place in it.
 *
 * Times are nanoseconds as doubles, from the start of the trace: exact up to 104 days.
 */

export const Flag = {
  events: 1,
  links: 2,
  exception: 4,
  parentMissing: 8,
  parentCut: 16,
  repeatedId: 32,
} as const;

export const Status = { unset: 0, ok: 1, error: 2 } as const;

export const Kind = {
  unspecified: 0,
  internal: 1,
  server: 2,
  client: 3,
  producer: 4,
  consumer: 5,
} as const;

/** A span that others name as their parent and that is not stored. */
export interface MissingParent {
  spanId: string;
  /** Places of the spans that name it; ascending, they stand beside each other. */
  children: number[];
}

export interface TraceEvents {
  /** Place of the span of each event, ascending. */
  span: Uint32Array;
  offset: Float64Array;
  /** 1 for an event named `exception`. */
  exception: Uint8Array;
  /** Whether these are all; the server cuts off very many. */
  complete: boolean;
}

/** What is told of a trace; the rest of `TraceModel` follows from it. */
export interface TraceColumns {
  traceId: string;
  startNs: bigint;
  names: string[];
  services: string[];
  ids: string[];
  /** Indexes into `names` and `services`. */
  name: Uint32Array;
  service: Uint32Array;
  /** Place of the parent, before its children; -1 when there is none. */
  parent: Int32Array;
  start: Float64Array;
  duration: Float64Array;
  kind: Uint8Array;
  status: Uint8Array;
  /** A sum of `Flag`s. */
  flags: Uint8Array;
  missing: MissingParent[];
  event: TraceEvents;
}

export interface TraceModel extends TraceColumns {
  count: number;
  /** From the earliest start to the latest end. */
  durationNs: number;
  /** How many ancestors are stored. */
  depth: Uint32Array;
  /** Descendants of `i` are the places after `i` and before `end[i]`. */
  end: Uint32Array;
  /** Duration without the union of the children's times; children only count within the span. */
  selfTime: Float64Array;
}

export function buildTrace(columns: TraceColumns): TraceModel {
  const { parent, start, duration } = columns;
  const count = parent.length;
  let durationNs = 0;
  for (let span = 0; span < count; span++) {
    durationNs = Math.max(durationNs, at(start, span) + at(duration, span));
  }
  return {
    ...columns,
    count,
    durationNs,
    depth: depths(parent),
    end: ends(parent),
    selfTime: selfTimes(parent, start, duration),
  };
}

/**
 * Reading a column: places are always within it, which the type of an index cannot say.
 * (A read outside would give NaN in what follows, never another span's value.)
 */
export function at(column: ArrayLike<number>, place: number): number {
  return column[place] as number;
}

/** Also makes sure that the order is depth first: everything here rests on it. */
function depths(parent: Int32Array): Uint32Array {
  const depth = new Uint32Array(parent.length);
  for (let span = 0; span < parent.length; span++) {
    const above = at(parent, span);
    // The parent is the span before or one of its ancestors, or nothing in it is depth first.
    let open = span - 1;
    while (open >= 0 && open !== above) open = at(parent, open);
    if (open !== above) throw new Error(`Span ${span} does not follow its parent ${above}.`);
    depth[span] = above < 0 ? 0 : at(depth, above) + 1;
  }
  return depth;
}

function ends(parent: Int32Array): Uint32Array {
  const end = new Uint32Array(parent.length);
  for (let span = parent.length - 1; span >= 0; span--) {
    end[span] = Math.max(at(end, span), span + 1);
    const above = at(parent, span);
    if (above >= 0) end[above] = Math.max(at(end, above), at(end, span));
  }
  return end;
}

/** O(n) when siblings come by start, as they do from the server; else O(n log n). */
export function selfTimes(
  parent: Int32Array,
  start: Float64Array,
  duration: Float64Array,
): Float64Array {
  const self = duration.slice();
  // Up to where the children seen so far cover their parent.
  const covered = start.slice();
  const cover = (span: number) => {
    const above = at(parent, span);
    if (above < 0) return;
    const from = Math.max(at(start, span), at(covered, above));
    const to = Math.min(
      at(start, span) + at(duration, span),
      at(start, above) + at(duration, above),
    );
    if (to <= from) return;
    self[above] = at(self, above) - (to - from);
    covered[above] = to;
  };
  if (siblingsByStart(parent, start)) {
    for (let span = 0; span < parent.length; span++) cover(span);
  } else {
    for (const span of placesBy(start)) cover(span);
  }
  return self;
}

function siblingsByStart(parent: Int32Array, start: Float64Array): boolean {
  const last = new Float64Array(parent.length).fill(Number.NEGATIVE_INFINITY);
  for (let span = 0; span < parent.length; span++) {
    const above = at(parent, span);
    if (above < 0) continue;
    if (at(start, span) < at(last, above)) return false;
    last[above] = at(start, span);
  }
  return true;
}

/** All places, by the values of a column; equal ones stay in their order. */
export function placesBy(column: ArrayLike<number>): Uint32Array {
  const places = Uint32Array.from({ length: column.length }, (_, place) => place);
  return places.sort((a, b) => at(column, a) - at(column, b) || a - b);
}

export function endOf(model: TraceModel, span: number): number {
  return at(model.start, span) + at(model.duration, span);
}

export function isParent(model: TraceModel, span: number): boolean {
  return at(model.end, span) > span + 1;
}

/** Indexes into `event` of the events of a span: from the first to before the second. */
export function eventsOf(model: TraceModel, span: number): [number, number] {
  const { span: spans } = model.event;
  return [firstNotBelow(spans, span), firstNotBelow(spans, span + 1)];
}

/** Of ascending values, the place of the first that is at least this; `values.length`: none is. */
export function firstNotBelow(values: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (at(values, middle) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
