/** Traces at random, as the server orders them: for tests against naive evaluators. */

import fc from "fast-check";
import { Flag, type MissingParent, type TraceModel } from "../model";
import { type Sketch, sketched } from "./drawn";

interface Draft {
  /** Chooses the parent among the spans before: small ones make deep traces. */
  back: number;
  /** Starts and durations around the parent's; few values, so that many are equal. */
  start: number;
  duration: number;
  status: number;
  service: number;
  kind: number;
  orphan: number;
}

const DRAFT = fc.record<Draft>({
  back: fc.oneof(fc.constant(1), fc.nat(6), fc.nat(60)),
  start: fc.integer({ min: -8, max: 24 }),
  duration: fc.oneof(fc.constant(0), fc.nat(12), fc.nat(40)),
  status: fc.nat(2),
  service: fc.nat(3),
  kind: fc.nat(5),
  orphan: fc.nat(40),
});

/** Orphans, several roots, children outside their parents, equal times, instants, depth. */
export const anyTrace: fc.Arbitrary<TraceModel> = fc
  .array(DRAFT, { minLength: 1, maxLength: 60, size: "max" })
  .map(arranged);

/** A chain of more than 200. */
export const deepTrace: fc.Arbitrary<TraceModel> = fc
  .array(DRAFT, { minLength: 220, maxLength: 260, size: "max" })
  .map((drafts) => arranged(drafts.map((one) => ({ ...one, back: 1, orphan: 40 }))));

function arranged(drafts: readonly Draft[]): TraceModel {
  const starts: number[] = [];
  const parents: number[] = [];
  const absent: number[] = [];
  drafts.forEach((draft, place) => {
    const orphan = draft.orphan < 3 && place > 0;
    const parent = orphan || draft.back === 0 ? -1 : Math.max(-1, place - draft.back);
    parents.push(parent);
    absent.push(orphan ? draft.orphan : -1);
    starts.push((parent < 0 ? 100 : (starts[parent] ?? 100)) + draft.start);
  });
  const earliest = Math.min(...starts);
  const byStart = drafts
    .map((_, place) => place)
    .sort((a, b) => (starts[a] ?? 0) - (starts[b] ?? 0) || a - b);
  const tops = byStart.filter((place) => parents[place] === -1);
  const firstOf = (place: number) =>
    absent[place] === -1 ? place : (tops.find((top) => absent[top] === absent[place]) ?? place);
  tops.sort(
    (a, b) =>
      byStart.indexOf(firstOf(a)) - byStart.indexOf(firstOf(b)) ||
      byStart.indexOf(a) - byStart.indexOf(b),
  );
  const sketches: Sketch[] = [];
  const missing = new Map<number, MissingParent>();
  const add = (place: number, parent: number) => {
    const draft = drafts[place] as Draft;
    const id = absent[place] as number;
    const here = sketches.length;
    if (id >= 0) {
      const one = missing.get(id) ?? { spanId: `f00000000000000${id}`, children: [] };
      one.children.push(here);
      missing.set(id, one);
    }
    sketches.push({
      parent,
      start: (starts[place] ?? 0) - earliest,
      duration: draft.duration,
      status: draft.status,
      service: `service-${draft.service}`,
      name: `operation-${draft.service}-${draft.kind % 3}`,
      kind: draft.kind,
      flags: id >= 0 ? Flag.parentMissing : 0,
    });
    for (const child of byStart) if (parents[child] === place) add(child, here);
  };
  for (const top of tops) add(top, -1);
  return sketched(sketches, [...missing.values()]);
}
