/**
 * Which rows a waterfall has. A row is a node: the place of a span, or `count + m` for the missing
 * parent `m`, which stands above the spans that name it.
 *
 * What is collapsed and what is shown are flat arrays, so that one more toggle is one walk over
 * the rows that stay visible.
 */

import { at, Flag, type TraceModel } from "./model";

/** The tree with its missing parents; the same for as long as the trace is. */
export interface Outline {
  model: TraceModel;
  /** Spans and missing parents. */
  nodes: number;
  /** How far a node is indented. */
  level: Uint32Array;
  /** What stands under the node are the places after it and before this. */
  end: Uint32Array;
  /** The node above, -1 for none. */
  parent: Int32Array;
  deepest: number;
}

/** What filters leave of a trace. */
export interface Shown {
  /** Of each span: 0 hidden, 1 only because something below it matches, 2 matches. */
  mask: Uint8Array;
  /** How many spans before this place are shown; one longer than the mask. */
  before: Uint32Array;
  /** The worst status of what is shown in the span's subtree, with itself. */
  worst: Uint8Array;
  /** How many spans match, and how many are shown. */
  matches: number;
  count: number;
}

/** All conditions given must hold. */
export interface RowFilter {
  /** 1 for spans that are looked for, as `search.ts` and `critical-path.ts` answer. */
  among?: readonly Uint8Array[];
  errors?: boolean;
  /** Indexes into the services of the model. */
  services?: ReadonlySet<number>;
}

/** 1 for each node whose subtree is closed. Never changed in place. */
export type Collapsed = Uint8Array;

export function outline(model: TraceModel): Outline {
  const { count, missing } = model;
  const nodes = count + missing.length;
  const level = new Uint32Array(nodes);
  const end = new Uint32Array(nodes);
  const parent = new Int32Array(nodes).fill(-1);
  level.set(model.depth);
  end.set(model.end);
  parent.set(model.parent);
  missing.forEach(({ children }, index) => {
    for (const child of children) {
      parent[child] = count + index;
      for (let span = child; span < at(model.end, child); span++) level[span] = at(level, span) + 1;
    }
    const last = children.at(-1);
    end[count + index] = last === undefined ? 0 : at(model.end, last);
  });
  return { model, nodes, level, end, parent, deepest: level.reduce((a, b) => Math.max(a, b), 0) };
}

/** The missing parent that a node is, as an index into `model.missing`; -1: it is a span. */
export function missingAt(model: TraceModel, node: number): number {
  return node < model.count ? -1 : node - model.count;
}

/** The first place under a node. */
function firstUnder({ model }: Outline, node: number): number {
  if (node < model.count) return node + 1;
  return model.missing[node - model.count]?.children[0] ?? model.count;
}

export function hasRowsUnder(tree: Outline, node: number): boolean {
  return at(tree.end, node) > firstUnder(tree, node);
}

export function filterRows(model: TraceModel, filter: RowFilter = {}): Shown {
  const { count, parent, status, service } = model;
  const { among = [], errors = false, services } = filter;
  const mask = new Uint8Array(count);
  const worst = new Uint8Array(count);
  const before = new Uint32Array(count + 1);
  let matches = 0;
  for (let span = count - 1; span >= 0; span--) {
    const matched =
      (!errors || status[span] === 2) &&
      (services === undefined || services.has(at(service, span))) &&
      among.every((one) => one[span] === 1);
    if (matched) {
      mask[span] = 2;
      matches++;
    }
    if (mask[span] === 0) continue;
    worst[span] = Math.max(at(worst, span), at(status, span));
    const above = at(parent, span);
    if (above < 0) continue;
    mask[above] = Math.max(at(mask, above), 1);
    worst[above] = Math.max(at(worst, above), at(worst, span));
  }
  for (let span = 0; span < count; span++) {
    before[span + 1] = at(before, span) + (mask[span] === 0 ? 0 : 1);
  }
  return { mask, before, worst, matches, count: at(before, count) };
}

/** The visible nodes from top to bottom: O(rows + subtrees passed over). */
export function visibleRows(tree: Outline, shown: Shown, collapsed: Collapsed): Uint32Array {
  const { model, end, parent } = tree;
  const { count } = model;
  const { mask } = shown;
  const rows = new Uint32Array(shown.count + model.missing.length);
  let length = 0;
  let over = -1;
  let span = 0;
  while (span < count) {
    if (mask[span] === 0) {
      span = at(end, span);
      continue;
    }
    const above = at(parent, span);
    if (above >= count && above !== over) {
      over = above;
      rows[length++] = above;
      if (collapsed[above] === 1) {
        span = at(end, above);
        continue;
      }
    }
    rows[length++] = span;
    span = collapsed[span] === 1 ? at(end, span) : span + 1;
  }
  // A copy, so that a closed trace does not hold the memory of an open one.
  return length * 2 < rows.length ? rows.slice(0, length) : rows.subarray(0, length);
}

/** What a closed node hides: how many spans, and the worst status among them. */
export function hiddenUnder(
  tree: Outline,
  shown: Shown,
  node: number,
): { count: number; worst: number } {
  const end = at(tree.end, node);
  let place = firstUnder(tree, node);
  const count = at(shown.before, Math.max(place, end)) - at(shown.before, place);
  let worst = 0;
  // From child to child; their own worst is known.
  for (; place < end && worst < 2; place = at(tree.end, place)) {
    worst = Math.max(worst, at(shown.worst, place));
  }
  return { count, worst };
}

/** Where a node stands among visible rows, -1 when it does not. */
export function rowOf(tree: Outline, rows: Uint32Array, node: number): number {
  const row = rowAtOrAfter(tree, rows, node);
  return rows[row] === node ? row : -1;
}

/** The row of a node, else of what hides it, else of what comes next; -1 without any rows. */
export function rowNear(tree: Outline, rows: Uint32Array, node: number): number {
  for (let above = node; above >= 0; above = at(tree.parent, above)) {
    const row = rowOf(tree, rows, above);
    if (row >= 0) return row;
  }
  return Math.min(rowAtOrAfter(tree, rows, node), rows.length - 1);
}

function rowAtOrAfter(tree: Outline, rows: Uint32Array, node: number): number {
  const wanted = order(tree, node);
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (order(tree, at(rows, middle)) < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Missing parents come just before their first child. */
function order(tree: Outline, node: number): number {
  return node < tree.model.count ? node : firstUnder(tree, node) - 0.5;
}

export function nothingCollapsed(tree: Outline): Collapsed {
  return new Uint8Array(tree.nodes);
}

export function toggled(tree: Outline, collapsed: Collapsed, node: number): Collapsed {
  const next = collapsed.slice();
  next[node] = collapsed[node] === 1 || !hasRowsUnder(tree, node) ? 0 : 1;
  return next;
}

/** Closes or opens the children of a node and all below them, and opens the node itself. */
export function withSubtree(
  tree: Outline,
  collapsed: Collapsed,
  node: number,
  closed: boolean,
): Collapsed {
  const next = collapsed.slice();
  next[node] = 0;
  for (let place = firstUnder(tree, node); place < at(tree.end, node); place++) {
    next[place] = closed && hasRowsUnder(tree, place) ? 1 : 0;
  }
  return next;
}

/** Rows down to this level: 0 leaves the tops alone, `deepest` opens everything. */
export function collapsedToLevel(tree: Outline, level: number): Collapsed {
  const next = new Uint8Array(tree.nodes);
  for (let node = 0; node < tree.nodes; node++) {
    if (at(tree.level, node) >= level && hasRowsUnder(tree, node)) next[node] = 1;
  }
  return next;
}

/** With every ancestor of the node open. */
export function revealed(tree: Outline, collapsed: Collapsed, node: number): Collapsed {
  const next = collapsed.slice();
  for (let above = at(tree.parent, node); above >= 0; above = at(tree.parent, above)) {
    next[above] = 0;
  }
  return next;
}

/** Spans whose parent link was cut or is missing stand at the top for another reason than roots. */
export function isRoot(model: TraceModel, span: number): boolean {
  const lost = Flag.parentMissing | Flag.parentCut;
  return at(model.parent, span) < 0 && (at(model.flags, span) & lost) === 0;
}
