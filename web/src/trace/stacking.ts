/** Where blocks of rows go that must not meet in time; they come by their start. */

import { at } from "./model";

/** Every block is written into its parent's rows, which for a very deep trace adds up. */
export interface Effort {
  left: number;
}

export const EFFORT = 1_000_000;

/** Rows without a search for gaps: below all that is there, unless all of it is over. */
export class Pile {
  used = 0;
  private until = Number.NEGATIVE_INFINITY;

  take(from: number, to: number, height: number): number {
    const row = from >= this.until ? 0 : this.used;
    this.used = Math.max(this.used, row + height);
    this.until = Math.max(this.until, to);
    return row;
  }
}

/** So often a block looks for a gap between others before it goes below all of them. */
const TRIES = 64;

/** Rows with when they are free again, in a tree of the earliest and the latest. */
export class Rows {
  used = 0;
  private size = 4;
  private earliest: Float64Array;
  private latest: Float64Array;

  /** `most`: the heights of all blocks together. */
  constructor(most: number) {
    while (this.size < most) this.size *= 2;
    this.earliest = new Float64Array(2 * this.size).fill(Number.NEGATIVE_INFINITY);
    this.latest = this.earliest.slice();
  }

  /** The first of as many rows as are wanted that are free by then. */
  take(from: number, to: number, height: number): number {
    let row = this.firstFree(0, from);
    for (let tries = 0; height > 1; tries++) {
      const busy = this.lastBusy(row + height, from);
      if (busy < row) break;
      row = tries < TRIES ? this.firstFree(busy + 1, from) : this.used;
    }
    this.set(row, row + height, to);
    this.used = Math.max(this.used, row + height);
    return row;
  }

  /** The first row from `low` on that is free at a time. */
  private firstFree(low: number, time: number): number {
    if (low >= this.used) return low;
    let node = low + this.size;
    while (at(this.earliest, node) > time) {
      // On to the right: up while it is a right child, then its neighbour.
      while (node % 2 === 1) node >>= 1;
      if (node === 0) return this.used;
      node++;
    }
    while (node < this.size) {
      node *= 2;
      if (at(this.earliest, node) > time) node++;
    }
    return Math.min(node - this.size, this.used);
  }

  /** The last row before `high` that is not free at a time, -1 if all are. */
  private lastBusy(high: number, time: number): number {
    if (this.used === 0) return -1;
    let node = Math.min(high, this.used) - 1 + this.size;
    while (at(this.latest, node) <= time) {
      // On to the left.
      while (node % 2 === 0) node >>= 1;
      if (node <= 1) return -1;
      node--;
    }
    while (node < this.size) {
      node = 2 * node + 1;
      if (at(this.latest, node) <= time) node--;
    }
    return node - this.size;
  }

  private set(first: number, last: number, end: number): void {
    let [low, high] = [first + this.size, last - 1 + this.size];
    this.earliest.fill(end, low, high + 1);
    this.latest.fill(end, low, high + 1);
    while (low > 1) {
      low >>= 1;
      high >>= 1;
      for (let node = low; node <= high; node++) this.renew(node);
    }
  }

  private renew(node: number): void {
    const { earliest, latest } = this;
    earliest[node] = Math.min(at(earliest, 2 * node), at(earliest, 2 * node + 1));
    latest[node] = Math.max(at(latest, 2 * node), at(latest, 2 * node + 1));
  }
}
