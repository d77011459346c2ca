/** Fields and values of the language, and how they are written. */

import { isPlainKey, quoted } from "../../../shared/traceql";
import type { Token } from "./lexer";

export type Scope =
  | "any"
  | "span"
  | "resource"
  | "event"
  | "link"
  | "instrumentation"
  | "intrinsic";

/** A field; the key of an intrinsic is its usual name, such as `name` or `span:id`. */
export interface Field {
  scope: Scope;
  key: string;
  parent: boolean;
}

export type Literal =
  | { type: "string"; value: string }
  | { type: "int" | "float" | "duration" | "bool" | "status" | "kind" | "nil"; text: string };

export const STATUSES = ["unset", "ok", "error"] as const;
export const KINDS = [
  "unspecified",
  "internal",
  "server",
  "client",
  "producer",
  "consumer",
] as const;

export const SCOPES = ["span", "resource", "event", "link", "instrumentation"] as const;

/** Every spelling of an intrinsic → the one that is written. */
export const INTRINSICS: ReadonlyMap<string, string> = new Map([
  ...(
    [
      ["name", "span:name"],
      ["duration", "span:duration"],
      ["kind", "span:kind"],
      ["status", "span:status"],
      ["statusMessage", "span:statusMessage"],
      ["childCount", "span:childCount"],
      ["traceDuration", "trace:duration"],
      ["rootName", "trace:rootName"],
      ["rootServiceName", "trace:rootService"],
    ] as const
  ).flatMap(([short, long]) => [[short, short] as const, [long, short] as const]),
  ["trace:rootServiceName", "rootServiceName"],
  ...(
    [
      "span:id",
      "span:parentID",
      "trace:id",
      "event:name",
      "event:timeSinceStart",
      "link:traceID",
      "link:spanID",
      "instrumentation:name",
      "instrumentation:version",
    ] as const
  ).map((name) => [name, name] as const),
]);

// Attributes that are text by OpenTelemetry's conventions: without braces they compare with text.
const TEXTS = new Set([
  "container.id",
  "deployment.environment",
  "deployment.environment.name",
  "host.id",
  "host.name",
  "service.instance.id",
  "service.name",
  "service.namespace",
  "service.version",
  "telemetry.sdk.version",
]);
const NUMERIC = new Set(["duration", "traceDuration", "childCount", "event:timeSinceStart"]);

export function intrinsic(key: string): Field {
  return { scope: "intrinsic", key, parent: false };
}

export function attribute(scope: Scope, key: string): Field {
  return { scope, key, parent: false };
}

export const SERVICE = attribute("resource", "service.name");

export function sameField(a: Field, b: Field): boolean {
  return a.scope === b.scope && a.key === b.key && a.parent === b.parent;
}

/** Whether a condition on `found` is one on `wanted`: without a scope it means span and resource. */
export function isOn(found: Field, wanted: Field): boolean {
  if (sameField(found, wanted)) return true;
  const either = wanted.scope === "span" || wanted.scope === "resource";
  return found.scope === "any" && either && !found.parent && found.key === wanted.key;
}

/** What a name stands for; null where it stands for nothing. */
export function fieldOf(token: Token): Field | null {
  let head = token.parts[0]?.value ?? "";
  const alone = token.parts.length === 1;
  const parent = head.startsWith("parent.");
  if (parent) head = head.slice("parent.".length);
  const known = alone ? INTRINSICS.get(head) : undefined;
  if (known !== undefined) {
    return parent && /^(event|link):/.test(known)
      ? null
      : { scope: "intrinsic", key: known, parent };
  }
  const last = token.parts.at(-1);
  const colon = token.parts.some(({ value, quoted }) => !quoted && value.includes(":"));
  if (colon || !last || (!last.quoted && last.value.endsWith("."))) return null;
  const rest = token.parts.slice(1).map(({ value }) => value);
  const under = (scope: Scope, skipped: number): Field | null => {
    const key = head.slice(skipped) + rest.join("");
    return key === "" ? null : { scope, key, parent };
  };
  if (head.startsWith(".") && !parent) return under("any", 1);
  for (const scope of SCOPES) {
    if (!head.startsWith(`${scope}.`)) continue;
    return parent && (scope === "event" || scope === "link")
      ? null
      : under(scope, scope.length + 1);
  }
  if (alone && !parent && !head.includes(".")) return null;
  if (alone && ["trace", "parent", "nestedSetParent", ...SCOPES].includes(head)) return null;
  return under(head === "service.name" ? "resource" : "any", 0);
}

/** Whether an unquoted word after the operator is text, in a filter without braces. */
export function wordIsText(field: Field | null, operator: string, word: string): boolean {
  if (operator === "=~" || operator === "!~") return true;
  if (field === null) return false;
  const known = constantOf(word);
  if (field.scope === "intrinsic") {
    if (NUMERIC.has(field.key)) return false;
    if (field.key === "status" || field.key === "kind") return !known && !isNumber(word);
    return known?.type !== "nil";
  }
  if ((field.scope === "any" || field.scope === "resource") && TEXTS.has(field.key)) {
    return known?.type !== "nil";
  }
  const isWord = !known || known.type === "status" || known.type === "kind";
  return isWord && !isNumber(word);
}

export function constantOf(word: string): Literal | null {
  if (word === "true" || word === "false") return { type: "bool", text: word };
  if (word === "nil") return { type: "nil", text: word };
  if (word === "minInt") return { type: "int", text: String(-(2n ** 63n)) };
  if (word === "maxInt") return { type: "int", text: String(2n ** 63n - 1n) };
  if ((STATUSES as readonly string[]).includes(word)) return { type: "status", text: word };
  if ((KINDS as readonly string[]).includes(word)) return { type: "kind", text: word };
  return null;
}

const INT = /^\d+$/;
const FLOAT = /^(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const UNITS: Record<string, bigint> = {
  d: 86_400_000_000_000n,
  h: 3_600_000_000_000n,
  m: 60_000_000_000n,
  s: 1_000_000_000n,
  ms: 1_000_000n,
  us: 1000n,
  µs: 1000n,
  μs: 1000n,
  ns: 1n,
};
const UNIT = "ms|us|µs|μs|ns|d|h|m|s";
const DURATION = new RegExp(`^(?:(?:\\d+(?:\\.\\d+)?|\\.\\d+)(?:${UNIT}))+$`);
const LIMIT = 2n ** 63n;

function isNumber(text: string): boolean {
  const bare = text.replace(/^-/, "");
  return INT.test(bare) || FLOAT.test(bare) || DURATION.test(bare);
}

/** The value of a number's text without its sign; null for what the server refuses. */
export function numberOf(text: string, negative = false): Literal | null {
  const sign = negative ? "-" : "";
  if (INT.test(text)) {
    const value = negative ? -BigInt(text) : BigInt(text);
    return value >= -LIMIT && value < LIMIT ? { type: "int", text: String(value) } : null;
  }
  if (FLOAT.test(text)) {
    return Number.isFinite(Number(text)) ? { type: "float", text: sign + text } : null;
  }
  const ns = durationNs(text);
  return ns === null ? null : { type: "duration", text: writeDuration(negative ? -ns : ns) };
}

/** `1h30m`, `.5s` → nanoseconds; null for what is no duration. */
export function durationNs(text: string): bigint | null {
  if (!DURATION.test(text)) return null;
  let total = 0n;
  for (const [, digits = "", unit = ""] of text.matchAll(
    new RegExp(`(\\d+(?:\\.\\d+)?|\\.\\d+)(${UNIT})`, "g"),
  )) {
    const [whole = "", fraction = ""] = digits.split(".");
    const scaled = BigInt(whole + fraction) * (UNITS[unit] ?? 0n);
    const shrink = 10n ** BigInt(fraction.length);
    if (scaled % shrink !== 0n) return null;
    total += scaled / shrink;
  }
  return total < LIMIT ? total : null;
}

/** In the largest unit that is exact. */
export function writeDuration(ns: bigint): string {
  if (ns === 0n) return "0s";
  const found = Object.entries(UNITS).find(([, size]) => ns % size === 0n);
  return found ? `${ns / found[1]}${found[0]}` : `${ns}ns`;
}

export function writeField({ scope, key, parent }: Field): string {
  const before = parent ? "parent." : "";
  if (scope === "intrinsic") return before + key;
  const prefix = scope === "any" ? (parent ? "" : ".") : `${scope}.`;
  const plain = isPlainKey(key) && !(parent && scope === "any");
  return before + prefix + (plain ? key : quoted(key));
}

export function writeLiteral(literal: Literal): string {
  return literal.type === "string" ? quoted(literal.value) : literal.text;
}

/** The value that the API gives as text; null when a query cannot say it: lists, NaN. */
export function literalOf(type: string, text: string): Literal | null {
  switch (type) {
    case "string":
      return { type: "string", value: text };
    case "int":
    case "float": {
      const found = numberOf(text.replace(/^-/, ""), text.startsWith("-"));
      return found?.type === "int" || found?.type === "float" ? found : null;
    }
    case "bool":
    case "status":
    case "kind": {
      const found = constantOf(text);
      return found?.type === type ? found : null;
    }
    default:
      return null;
  }
}

/** Equal for values that compare as equal. */
export function literalKey(literal: Literal): string {
  switch (literal.type) {
    case "string":
      return `"${literal.value}`;
    case "int":
      return `#${literal.text}`;
    case "duration": {
      const negative = literal.text.startsWith("-");
      const ns = durationNs(literal.text.replace(/^-/, "")) ?? 0n;
      return `#${negative ? -ns : ns}`;
    }
    case "float": {
      const value = Number(literal.text);
      return `#${Number.isSafeInteger(value) ? BigInt(value) : value}`;
    }
    default:
      return `${literal.type}:${literal.text}`;
  }
}
