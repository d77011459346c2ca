// All that one span says, as the panel shows it.

import type { AttributeValue } from "../../shared/traceql";

export interface Attribute {
  key: string;
  value: AttributeValue;
}

/** Something that Clew cut because it was too long, from the attribute `clew.cut`. */
export interface Cut {
  what: string;
  bytes: number;
}

/** Attributes of one owner, without `clew.cut`, and what is missing of them. */
export interface Attributes {
  list: Attribute[];
  dropped: number;
  cuts: Cut[];
}

export interface SpanEvent {
  name: string;
  timeNs: bigint;
  attributes: Attributes;
}

export interface SpanLink {
  /** Empty when the sender left it out. */
  traceId: string;
  spanId: string;
  traceState: string;
  attributes: Attributes;
}

export interface Scope {
  name: string;
  version: string;
  schemaUrl: string;
  attributes: Attributes;
}

export interface Resource {
  schemaUrl: string;
  attributes: Attributes;
}

export interface SpanDetail {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  traceState: string;
  flags: number;
  name: string;
  startNs: bigint;
  endNs: bigint;
  statusMessage: string;
  attributes: Attributes;
  events: SpanEvent[];
  droppedEvents: number;
  links: SpanLink[];
  droppedLinks: number;
  scope: Scope;
  resource: Resource;
  /** The span in OTLP JSON, with its resource and scope. */
  raw: object;
}
