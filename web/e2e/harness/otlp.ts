/** Spans as tests write them, and the way into Clew: OTLP/JSON, as any client sends it. */

import { randomBytes } from "node:crypto";
import { until } from "./server";

export type Value = string | number | boolean | null | Value[] | { [key: string]: Value };
export type Attributes = Record<string, Value>;

export interface EventSpec {
  name: string;
  /** Nanoseconds after the span's start. */
  at?: number;
  attributes?: Attributes;
}

export interface LinkSpec {
  traceId: string;
  spanId: string;
  traceState?: string;
  attributes?: Attributes;
}

export interface SpanSpec {
  name: string;
  service: string;
  id?: string;
  parent?: string;
  kind?: "internal" | "server" | "client" | "producer" | "consumer";
  /** Nanoseconds after the trace's start, and how long. */
  start: number;
  duration: number;
  failed?: boolean;
  message?: string;
  attributes?: Attributes;
  events?: EventSpec[];
  links?: LinkSpec[];
  traceState?: string;
  resource?: Attributes;
  resourceSchema?: string;
  scope?: { name: string; version?: string; attributes?: Attributes; schema?: string };
}

export interface TraceSpec {
  id: string;
  startNs: bigint;
  spans: SpanSpec[];
}

const KINDS = { internal: 1, server: 2, client: 3, producer: 4, consumer: 5 } as const;
const SPANS_A_REQUEST = 5000;
const STORED_WITHIN_MS = 60_000;

export function traceId(): string {
  return randomBytes(16).toString("hex");
}

export function spanId(): string {
  return randomBytes(8).toString("hex");
}

/** So long ago. */
export function ago(seconds: number): bigint {
  return BigInt(Date.now() - Math.round(seconds * 1000)) * 1_000_000n;
}

/** Sends, and waits until all of it can be searched. */
export async function store(clew: { ui: string; otlp: string }, traces: TraceSpec[]) {
  for (const trace of traces) {
    for (let at = 0; at < trace.spans.length; at += SPANS_A_REQUEST) {
      await send(clew.otlp, { ...trace, spans: trace.spans.slice(at, at + SPANS_A_REQUEST) });
    }
  }
  for (const trace of traces) {
    await until(
      async () => (await storedSpans(clew.ui, trace.id)) >= trace.spans.length,
      STORED_WITHIN_MS,
      () => `trace ${trace.id} was not stored`,
    );
  }
}

export async function send(otlp: string, trace: TraceSpec): Promise<void> {
  const answer = await fetch(`${otlp}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(request(trace)),
  });
  const text = await answer.text();
  if (!answer.ok || text.includes("rejectedSpans")) throw new Error(`refused: ${text}`);
}

async function storedSpans(ui: string, id: string): Promise<number> {
  const answer = await fetch(`${ui}/api/v1/traces/${id}/skeleton`);
  if (answer.status === 404) return 0;
  const { spanCount } = (await answer.json()) as { spanCount: number | string };
  return Number(spanCount);
}

function request({ id, startNs, spans }: TraceSpec): object {
  const byPlace = new Map<string, SpanSpec[]>();
  for (const span of spans) {
    const { service, resource, resourceSchema, scope } = span;
    const place = JSON.stringify([service, resource, resourceSchema, scope]);
    const list = byPlace.get(place);
    if (list) list.push(span);
    else byPlace.set(place, [span]);
  }
  const resourceSpans = [...byPlace.values()].map((list) => {
    const { service, resource = {}, resourceSchema = "", scope } = list[0] as SpanSpec;
    return {
      resource: { attributes: attributesOf({ "service.name": service, ...resource }) },
      schemaUrl: resourceSchema,
      scopeSpans: [
        {
          scope: {
            name: scope?.name ?? "shop",
            version: scope?.version ?? "1.0.0",
            attributes: attributesOf(scope?.attributes ?? {}),
          },
          schemaUrl: scope?.schema ?? "",
          spans: list.map((span) => spanOf(id, startNs, span)),
        },
      ],
    };
  });
  return { resourceSpans };
}

function spanOf(id: string, traceStart: bigint, span: SpanSpec): object {
  const start = traceStart + BigInt(span.start);
  return {
    traceId: id,
    spanId: span.id ?? spanId(),
    parentSpanId: span.parent ?? "",
    traceState: span.traceState ?? "",
    flags: 1,
    name: span.name,
    kind: KINDS[span.kind ?? "internal"],
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + BigInt(span.duration)),
    attributes: attributesOf(span.attributes ?? {}),
    events: (span.events ?? []).map((event) => ({
      name: event.name,
      timeUnixNano: String(start + BigInt(event.at ?? 0)),
      attributes: attributesOf(event.attributes ?? {}),
    })),
    links: (span.links ?? []).map(({ attributes = {}, ...link }) => ({
      ...link,
      attributes: attributesOf(attributes),
    })),
    status: { code: span.failed ? 2 : 0, message: span.message ?? "" },
  };
}

function attributesOf(attributes: Attributes): object[] {
  return Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: Value): object {
  if (value === null) return {};
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number") {
    return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  return { kvlistValue: { values: attributesOf(value) } };
}
