// Conditions of TraceQL for a value that was seen, quoted as docs/reference/query.md says.

/** Where an attribute stands; the words are TraceQL's. */
export type AttributeScope = "span" | "resource" | "event" | "link" | "instrumentation";

/** A value as OTLP has it; integers and bytes stay text, so that no digit is lost. */
export type AttributeValue =
  | { type: "string"; text: string }
  | { type: "int"; text: string }
  | { type: "double"; number: number }
  | { type: "bool"; bool: boolean }
  | { type: "bytes"; base64: string }
  | { type: "array"; values: AttributeValue[] }
  | { type: "map"; entries: { key: string; value: AttributeValue }[] }
  | { type: "empty" };

/** What the server reads at most. */
const MAX_QUERY = 16_384;
/** Of a list, so many elements are asked for; more make a query that nobody reads. */
const MAX_ELEMENTS = 8;

/** Half of a surrogate pair is no character, and refused. */
const BROKEN = /\p{Surrogate}/gu;

function isBroken(text: string): boolean {
  return text.search(BROKEN) >= 0;
}

const ESCAPES: Record<string, string> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\t": "\\t",
  "\r": "\\r",
};

/** A string literal; what is half a character is refused by the server, and nothing stored has it. */
export function quoted(text: string): string {
  const whole = text.replace(BROKEN, "\ufffd");
  return `"${whole.replace(/["\\\n\t\r]/g, (found) => ESCAPES[found] ?? found)}"`;
}

const PLAIN_KEY = /^[\p{L}_][\p{L}\p{N}_$@#/.-]*$/u;

/** Whether a key may stand in a query without quotes. */
export function isPlainKey(key: string): boolean {
  return PLAIN_KEY.test(key) && !key.endsWith(".");
}

/** `span.http.route`, `span."odd name"`; null if no query can name the key. */
export function attributeName(scope: AttributeScope, key: string): string | null {
  if (key === "" || isBroken(key)) return null;
  return `${scope}.${isPlainKey(key) ? key : quoted(key)}`;
}

/** The value as a literal; null for what TraceQL cannot compare with. */
export function literal(value: AttributeValue): string | null {
  switch (value.type) {
    case "string":
      return isBroken(value.text) ? null : quoted(value.text);
    case "int":
      // As a literal the smallest one is the negation of a number that is too large.
      return value.text === "-9223372036854775808" ? "minInt" : value.text;
    case "double":
      return doubleLiteral(value.number);
    case "bool":
      return String(value.bool);
    default:
      return null;
  }
}

function doubleLiteral(number: number): string | null {
  if (!Number.isFinite(number)) return null;
  // Digits alone would be read as an integer of 64 bits, and refused when they are too many.
  return Math.abs(number) > Number.MAX_SAFE_INTEGER ? number.toExponential() : String(number);
}

/**
 * A condition that the attribute meets. A list is asked for by its elements, anything that cannot
 * be compared by its being there. Null if no query can say it.
 */
export function attributeCondition(
  scope: AttributeScope,
  key: string,
  value: AttributeValue,
): string | null {
  const name = attributeName(scope, key);
  if (name === null) return null;
  const condition = comparison(name, value);
  return condition.length + 10 > MAX_QUERY ? null : condition;
}

function comparison(name: string, value: AttributeValue): string {
  const there = `${name} != nil`;
  if (value.type !== "array") {
    const text = literal(value);
    return text === null ? there : `${name} = ${text}`;
  }
  const texts = value.values.slice(0, MAX_ELEMENTS).map(literal);
  const known = [...new Set(texts.filter((text) => text !== null))];
  return known.length === 0 ? there : known.map((text) => `${name} = ${text}`).join(" && ");
}

/** The spans for which a condition holds. */
export function including(condition: string): string {
  return `{ ${condition} }`;
}

/** The spans for which it does not hold, those without the attribute among them. */
export function excluding(condition: string): string {
  return `{ !(${condition}) }`;
}
