// Values of attributes as text, and what of them a search finds.

import type { AttributeValue } from "../../../shared/traceql";
import type { Attribute } from "../span";

/** The value as one copies it: text as it is, lists and maps as JSON. */
export function valueText(value: AttributeValue): string {
  switch (value.type) {
    case "string":
    case "int":
      return value.text;
    case "double":
      return String(value.number);
    case "bool":
      return String(value.bool);
    case "bytes":
      return value.base64;
    case "empty":
      return "";
    default:
      return json(value, "");
  }
}

/** Indented, because JSON.stringify would turn integers of 64 bits into text or round them. */
function json(value: AttributeValue, indent: string): string {
  const deeper = `${indent}  `;
  switch (value.type) {
    case "string":
      return JSON.stringify(value.text);
    case "bytes":
      return JSON.stringify(value.base64);
    case "empty":
      return "null";
    case "array": {
      if (value.values.every(isShort)) {
        return `[${value.values.map((one) => json(one, "")).join(", ")}]`;
      }
      const lines = value.values.map((one) => deeper + json(one, deeper));
      return `[\n${lines.join(",\n")}\n${indent}]`;
    }
    case "map": {
      if (value.entries.length === 0) return "{}";
      const lines = value.entries.map(
        (entry) => `${deeper}${JSON.stringify(entry.key)}: ${json(entry.value, deeper)}`,
      );
      return `{\n${lines.join(",\n")}\n${indent}}`;
    }
    default:
      return valueText(value);
  }
}

function isShort(value: AttributeValue): boolean {
  return value.type !== "map" && value.type !== "array" && valueText(value).length < 40;
}

const TYPES: Record<AttributeValue["type"], string> = {
  string: "string",
  int: "int",
  double: "double",
  bool: "bool",
  bytes: "bytes, base64",
  array: "array",
  map: "map",
  empty: "empty",
};

/** The name of its type, as OTLP says it. */
export function typeName(value: AttributeValue): string {
  return TYPES[value.type];
}

/** Those with the text in key or value, ignoring case, by key. */
export function attributesWith(list: readonly Attribute[], text: string): Attribute[] {
  const wanted = text.trim().toLowerCase();
  return list
    .filter(
      ({ key, value }) =>
        wanted === "" ||
        key.toLowerCase().includes(wanted) ||
        valueText(value).toLowerCase().includes(wanted),
    )
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

export interface Exception {
  type: string;
  message: string;
  stack: string;
}

/** What the conventions call an exception; null for events that are none. */
export function exceptionOf(name: string, list: readonly Attribute[]): Exception | null {
  if (name !== "exception") return null;
  const text = (key: string) => {
    const found = list.find((attribute) => attribute.key === key);
    return found === undefined ? "" : valueText(found.value);
  };
  return {
    type: text("exception.type"),
    message: text("exception.message"),
    stack: text("exception.stacktrace"),
  };
}
