// `/api/v1/traces/{id}/spans`: OTLP JSON → what the span panel shows.

import type {
  Attribute,
  Attributes,
  Cut,
  Resource,
  Scope,
  SpanDetail,
  SpanEvent,
  SpanLink,
} from "../pages/trace/span";
import type { AttributeValue } from "../shared/traceql";
import type { components } from "./types.gen";

type Schemas = components["schemas"];
/** What is empty is left out of an answer, also where the document names it as always there. */
type Sparse<T> = T extends readonly (infer Item)[]
  ? Sparse<Item>[]
  : T extends object
    ? { [Key in keyof T]?: Sparse<T[Key]> }
    : T;

const CUT_MARK = "clew.cut";

/** The spans of an answer, in its order. */
export function convertSpans(answer: Sparse<Schemas["OtlpTraces"]>): SpanDetail[] {
  const details: SpanDetail[] = [];
  for (const ofResource of answer.resourceSpans ?? []) {
    const resource = convertResource(ofResource);
    for (const ofScope of ofResource.scopeSpans ?? []) {
      const scope = convertScope(ofScope);
      for (const span of ofScope.spans ?? []) {
        const raw = { resource: ofResource.resource ?? {}, scope: ofScope.scope ?? {}, span };
        details.push({ ...convertSpan(span), resource, scope, raw });
      }
    }
  }
  return details;
}

function convertResource(of: Sparse<Schemas["OtlpResourceSpans"]>): Resource {
  return { schemaUrl: of.schemaUrl ?? "", attributes: convertAttributes(of.resource ?? {}) };
}

function convertScope(of: Sparse<Schemas["OtlpScopeSpans"]>): Scope {
  const scope = of.scope ?? {};
  return {
    name: scope.name ?? "",
    version: scope.version ?? "",
    schemaUrl: of.schemaUrl ?? "",
    attributes: convertAttributes(scope),
  };
}

function convertSpan(
  span: Sparse<Schemas["OtlpSpan"]>,
): Omit<SpanDetail, "resource" | "scope" | "raw"> {
  return {
    traceId: span.traceId ?? "",
    spanId: span.spanId ?? "",
    parentSpanId: span.parentSpanId ?? "",
    traceState: span.traceState ?? "",
    flags: span.flags ?? 0,
    name: span.name ?? "",
    startNs: BigInt(span.startTimeUnixNano ?? 0),
    endNs: BigInt(span.endTimeUnixNano ?? 0),
    statusMessage: span.status?.message ?? "",
    attributes: convertAttributes(span),
    events: (span.events ?? []).map(convertEvent),
    droppedEvents: span.droppedEventsCount ?? 0,
    links: (span.links ?? []).map(convertLink),
    droppedLinks: span.droppedLinksCount ?? 0,
  };
}

function convertEvent(event: Sparse<Schemas["OtlpEvent"]>): SpanEvent {
  return {
    name: event.name ?? "",
    timeNs: BigInt(event.timeUnixNano ?? 0),
    attributes: convertAttributes(event),
  };
}

function convertLink(link: Sparse<Schemas["OtlpLink"]>): SpanLink {
  return {
    traceId: link.traceId ?? "",
    spanId: link.spanId ?? "",
    traceState: link.traceState ?? "",
    attributes: convertAttributes(link),
  };
}

interface Owner {
  attributes?: Sparse<Schemas["OtlpAttribute"]>[];
  droppedAttributesCount?: number;
}

function convertAttributes(owner: Owner): Attributes {
  const list = (owner.attributes ?? []).map(convertAttribute);
  const mark = list.findIndex(({ key }) => key === CUT_MARK);
  const said = list[mark]?.value;
  const cuts = said?.type === "string" ? parseCuts(said.text) : [];
  if (cuts.length > 0) list.splice(mark, 1);
  return { list, dropped: owner.droppedAttributesCount ?? 0, cuts };
}

/** `db.query.text (40000 bytes), status message (17000 bytes)`; nothing if it says anything else. */
export function parseCuts(text: string): Cut[] {
  return [...text.matchAll(/(.+?) \((\d+) bytes\)(?:, |$)/gs)].map(([, what, bytes]) => ({
    what: what ?? "",
    bytes: Number(bytes),
  }));
}

function convertAttribute(attribute: Sparse<Schemas["OtlpAttribute"]>): Attribute {
  return { key: attribute.key ?? "", value: convertValue(attribute.value) };
}

export function convertValue(
  value: Sparse<Schemas["OtlpValue"]> | null | undefined,
): AttributeValue {
  if (value == null) return { type: "empty" };
  if (value.stringValue != null) return { type: "string", text: value.stringValue };
  if (value.intValue != null) return { type: "int", text: value.intValue };
  if (value.doubleValue != null) return { type: "double", number: Number(value.doubleValue) };
  if (value.boolValue != null) return { type: "bool", bool: value.boolValue };
  if (value.bytesValue != null) return { type: "bytes", base64: value.bytesValue };
  if (value.arrayValue != null) {
    return { type: "array", values: (value.arrayValue.values ?? []).map(convertValue) };
  }
  if (value.kvlistValue != null) {
    return { type: "map", entries: (value.kvlistValue.values ?? []).map(convertAttribute) };
  }
  return { type: "empty" };
}
