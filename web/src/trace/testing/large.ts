/** A large trace that is always the same, for timings and to look at. */

import { Flag, type MissingParent, type TraceModel } from "../model";
import { type Sketch, sketched } from "./drawn";

const SERVICES = [
  "frontend",
  "checkout",
  "cart",
  "catalogue",
  "payment",
  "shipping",
  "currency",
  "email",
  "inventory",
  "postgres",
  "redis",
  "kafka",
];

/** Mulberry32. */
export function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

/** `count` spans, one deep chain of 200 among them, some errors, one missing parent. */
export function largeTrace(count: number, seed = 7): TraceModel {
  const next = random(seed);
  const sketches: Sketch[] = [];
  const chain = Math.min(200, Math.floor(count / 2));
  const add = (parent: number, start: number, duration: number, level: number): number => {
    const service = SERVICES[Math.min(SERVICES.length - 1, Math.floor(next() * 4) + level)] ?? "";
    sketches.push({
      parent,
      start: Math.floor(start),
      duration: Math.floor(duration),
      name: `${service} ${["get", "list", "write", "check"][Math.floor(next() * 4)]}`,
      service,
      kind: 1 + Math.floor(next() * 5),
      status: next() < 0.004 ? 2 : 0,
    });
    return sketches.length - 1;
  };
  const fill = (parent: number, start: number, duration: number, budget: number, level: number) => {
    let left = budget;
    const children = Math.min(left, 2 + Math.floor(next() * 24));
    const overlap = next() < 0.3;
    for (let child = 0; child < children && left > 0; child++) {
      const slot = duration / children;
      const from = start + slot * child + slot * 0.1 * next();
      const long = overlap ? slot * (1 + next()) : slot * (0.3 + 0.6 * next());
      const end = Math.min(from + long, start + duration);
      const here = add(parent, from, end - from, level);
      left--;
      const share =
        child === children - 1 ? left : Math.floor((left / (children - child)) * next() * 1.6);
      const used = Math.min(left, share);
      if (used > 0) fill(here, from, end - from, used, level + 1);
      left -= used;
    }
  };
  const root = add(-1, 0, 12e9, 0);
  const orphans = Math.min(12, Math.floor(count / 10));
  let above = add(root, 1e6, 5e9, 1);
  for (let level = 0; level < chain; level++) {
    const { start, duration } = sketches[above] as Sketch;
    above = add(above, start + duration * 0.003, duration * 0.99, level % 9);
  }
  fill(root, 5.1e9, 6.8e9, count - sketches.length - orphans, 1);
  const missing: MissingParent[] = [{ spanId: "deadbeefdeadbeef", children: [] }];
  for (let orphan = 0; orphan < orphans; orphan++) {
    missing[0]?.children.push(sketches.length);
    const place = add(-1, 1e9 + orphan * 4e8, 3e8, 5);
    (sketches[place] as Sketch).flags = Flag.parentMissing;
  }
  return sketched(sketches, orphans > 0 ? missing : []);
}
