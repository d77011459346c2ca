/** A value that differs as a condition of TraceQL, and in words. */

import type { Comparison, Said, Side } from "../../../api/convert-explore";
import { formatExact, formatPercent } from "../../../shared/format";
import { type AttributeValue, attributeCondition, quoted } from "../../../shared/traceql";

/** The condition that spans with the value meet; null if no query can say it. */
export function conditionOf({ scope, key, type, value }: Said): string | null {
  if (scope === "intrinsic") {
    return type === "string" ? `${key} = ${quoted(value)}` : `${key} = ${value}`;
  }
  const literal = typed(type, value);
  return literal && attributeCondition(scope, key, literal);
}

function typed(type: Said["type"], text: string): AttributeValue | null {
  switch (type) {
    case "string":
      return { type, text };
    case "int":
      return { type, text };
    case "bool":
      return { type, bool: text === "true" };
    case "float":
      return Number.isFinite(Number(text)) ? { type: "double", number: Number(text) } : null;
    default:
      return null;
  }
}

/** `span.http.route`; an intrinsic has no scope before it. */
export function nameOf({ scope, key }: Said): string {
  return scope === "intrinsic" ? key : `${scope}.${key}`;
}

/** `312 spans`, `10,000 of 1,234,567 spans`. */
export function sideText({ matched, sampled }: Side): string {
  return sampled < matched
    ? `${formatExact(sampled)} of ${formatExact(matched)} spans`
    : `${formatExact(matched)} spans`;
}

/** What was compared of what there is; null when it was all. */
export function sampleText({
  timeShare,
  limitedBy,
  selection,
  baseline,
}: Comparison): string | null {
  const parts: string[] = [];
  if (timeShare < 1) {
    const why =
      limitedBy === "memory"
        ? ", as the memory allows"
        : limitedBy === "time"
          ? ", as the time allows"
          : "";
    parts.push(`${formatPercent(timeShare)} of the time, spread evenly${why}`);
  }
  if (selection.sampled < selection.matched || baseline.sampled < baseline.matched) {
    parts.push("whole traces chosen by their id");
  }
  return parts.length === 0 ? null : `From a sample: ${parts.join("; ")}.`;
}
