// What people paste when they look for a trace.

export type Given =
  | { kind: "id"; traceId: string; traceparent: string | null }
  | { kind: "wrong"; sentence: string };

const NULL_ID = /^0+$/;

/** A trace id of 32 or 16 hex digits, a traceparent, or an address with one of them in it. */
export function readGiven(text: string): Given {
  const given = text.trim().toLowerCase();
  if (given === "") return wrong("Paste a trace id or a traceparent.");
  const parent =
    /(?:^|[^0-9a-f-])([0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2})(?![0-9a-f])/.exec(given);
  if (parent) return checked(parent[2] ?? "", parent[1] ?? "");
  const plain = given.replace(/^0x/, "");
  const compact = plain.replaceAll("-", "");
  if (/^[0-9a-f]+$/.test(compact)) {
    if (compact.length === 32) return checked(compact, null);
    // Zipkin's short ids are stored with zeros before them.
    if (plain.length === 16) return checked(plain.padStart(32, "0"), null);
    return wrong(
      `A trace id has 32 hex digits; this has ${compact.length}, so it was cut or is another id.`,
    );
  }
  const within = /(?:^|[^0-9a-f])([0-9a-f]{32})(?![0-9a-f])/.exec(given);
  if (within) return checked(within[1] ?? "", null);
  return wrong("This is no trace id: it has 32 hex digits, 0 to 9 and a to f.");
}

function checked(traceId: string, traceparent: string | null): Given {
  if (NULL_ID.test(traceId)) {
    return wrong("An id of zeros is no trace: OpenTelemetry was not started where it was written.");
  }
  return { kind: "id", traceId, traceparent };
}

function wrong(sentence: string): Given {
  return { kind: "wrong", sentence };
}
