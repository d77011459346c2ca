/**
 * Traces from drawings, for tests. A line is a span: its name, indented by two spaces under its
 * parent, and a `=` for each nanosecond in which it runs.
 *
 *     | a          |======|
 *     |   db:b!    | ==   |
 *
 * Before the name its service, after it marks: `!` an error, `*` an instant at its `=`, `>` a
 * client, `<` a server; `?` a parent that is not stored.
 */

import { buildTrace, Flag, type MissingParent, type TraceModel } from "../model";

export interface Sketch {
  parent: number;
  start: number;
  duration: number;
  name?: string;
  service?: string;
  kind?: number;
  status?: number;
  flags?: number;
}

export function drawn(picture: string): TraceModel {
  const sketches: Sketch[] = [];
  const missing: MissingParent[] = [];
  /** At each indentation the place of the last span, or -2 - m for a missing parent. */
  const open: number[] = [];
  for (const line of picture.split("\n").filter((one) => one.trim() !== "")) {
    const [, label = "", time = ""] = /^\s*\|(.*?)\|(.*?)\|?\s*$/.exec(line) ?? [];
    const level = Math.floor((label.length - label.trimStart().length - 1) / 2);
    const [, service, name = "", marks = ""] =
      /^(?:(\w+):)?(\w+)([!?*<>]*)$/.exec(label.trim()) ?? [];
    const above = level > 0 ? (open[level - 1] ?? -1) : -1;
    open.length = level;
    if (marks.includes("?")) {
      open.push(-2 - missing.length);
      missing.push({ spanId: name.padStart(16, "0"), children: [] });
      continue;
    }
    open.push(sketches.length);
    const orphan = above <= -2;
    if (orphan) missing[-2 - above]?.children.push(sketches.length);
    sketches.push({
      parent: Math.max(above, -1),
      start: time.indexOf("="),
      duration: marks.includes("*") ? 0 : time.lastIndexOf("=") + 1 - time.indexOf("="),
      name,
      service: service ?? "shop",
      kind: marks.includes(">") ? 3 : marks.includes("<") ? 2 : 1,
      status: marks.includes("!") ? 2 : 0,
      flags: orphan ? Flag.parentMissing : 0,
    });
  }
  return sketched(sketches, missing);
}

export function sketched(sketches: readonly Sketch[], missing: MissingParent[] = []): TraceModel {
  const names = indexed(sketches.map((one) => one.name ?? "work"));
  const services = indexed(sketches.map((one) => one.service ?? "shop"));
  return buildTrace({
    traceId: "0af7651916cd43dd8448eb211c80319c",
    startNs: 1_795_348_800_000_000_000n,
    names: names.distinct,
    services: services.distinct,
    ids: sketches.map((_, place) => (place + 1).toString(16).padStart(16, "0")),
    name: names.index,
    service: services.index,
    parent: Int32Array.from(sketches, (one) => one.parent),
    start: Float64Array.from(sketches, (one) => one.start),
    duration: Float64Array.from(sketches, (one) => one.duration),
    kind: Uint8Array.from(sketches, (one) => one.kind ?? 1),
    status: Uint8Array.from(sketches, (one) => one.status ?? 0),
    flags: Uint8Array.from(sketches, (one) => one.flags ?? 0),
    missing,
    event: {
      span: new Uint32Array(),
      offset: new Float64Array(),
      exception: new Uint8Array(),
      complete: true,
    },
  });
}

function indexed(values: readonly string[]): { distinct: string[]; index: Uint32Array } {
  const places = new Map<string, number>();
  const index = Uint32Array.from(values, (value) => {
    const place = places.get(value) ?? places.size;
    places.set(value, place);
    return place;
  });
  return { distinct: [...places.keys()], index };
}
