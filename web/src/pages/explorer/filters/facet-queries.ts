/** Values and keys with counts, for filters and for completion. */

import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { api, unwrap } from "../../../api/client";
import type { components } from "../../../api/types.gen";
import { type Bounds, boundsParams } from "../../../route/time-text";
import { type AttributeScope, attributeName, quoted } from "../../../shared/traceql";

type Wire = components["schemas"];
export type KeyScope = Wire["AttributeKey"]["scope"];

/** A field that can be filtered for. */
export interface Field {
  scope: KeyScope;
  key: string;
  /** As a query writes it. */
  name: string;
}

export interface FieldValue {
  /** What people read. */
  text: string;
  /** What a query says. */
  literal: string;
  count: number;
}

/** The field of a key; null when no query can name it. */
export function fieldOf(scope: KeyScope, key: string): Field | null {
  if (scope === "intrinsic") return { scope, key, name: key };
  const name =
    scope === "resource" && key === "service.name"
      ? key
      : attributeName(scope satisfies AttributeScope, key);
  return name === null ? null : { scope, key, name };
}

function literalOf({ type, value }: Wire["AttributeValue"]): string | null {
  switch (type) {
    case "string":
      return quoted(value);
    case "int":
      return value === "-9223372036854775808" ? "minInt" : value;
    case "float":
    case "bool":
    case "kind":
    case "status":
      return value;
    case "other":
      return null;
  }
}

interface Values {
  values: readonly FieldValue[];
  complete: boolean;
}

/** The most frequent values of a field among spans that `query` matches. */
export async function fetchValues(
  field: Field,
  query: string,
  bounds: Bounds,
  limit: number,
  prefix: string,
  signal: AbortSignal,
): Promise<Values> {
  const params = {
    path: { key: field.key },
    query: {
      scope: field.scope,
      limit,
      ...(query === "" ? {} : { q: query }),
      ...(prefix === "" ? {} : { prefix }),
      ...boundsParams(bounds),
    },
  };
  const asked = api.GET("/api/v1/attributes/{key}/values", { params, signal });
  const answer = await unwrap(asked);
  const values = answer.values.flatMap((one) => {
    const literal = literalOf(one);
    return literal === null ? [] : [{ text: one.value, literal, count: one.spanCount }];
  });
  return { values, complete: answer.complete };
}

export function useValues(
  field: Field,
  query: string,
  bounds: Bounds,
  limit: number,
  prefix: string,
  enabled: boolean,
) {
  const range = [String(bounds.startNs), String(bounds.endNs)];
  return useQuery({
    queryKey: ["values", field.scope, field.key, query, ...range, limit, prefix],
    enabled,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => fetchValues(field, query, bounds, limit, prefix, signal),
  });
}

export interface Key extends Field {
  count: number;
}

export async function fetchKeys(bounds: Bounds, signal: AbortSignal): Promise<readonly Key[]> {
  const params = { limit: 2000, ...boundsParams(bounds) };
  const answer = await unwrap(api.GET("/api/v1/attributes", { params: { query: params }, signal }));
  const found = new Map<string, Key>();
  for (const one of answer.attributes) {
    const field = fieldOf(one.scope, one.key);
    if (field === null) continue;
    // A key of two types is one field.
    const count = (found.get(field.name)?.count ?? 0) + one.spanCount;
    found.set(field.name, { ...field, count });
  }
  return [...found.values()];
}

export function keysQuery(bounds: Bounds) {
  return {
    queryKey: ["keys", String(bounds.startNs), String(bounds.endNs)],
    queryFn: ({ signal }: { signal: AbortSignal }) => fetchKeys(bounds, signal),
  };
}

export function useKeys(bounds: Bounds) {
  return useQuery({ ...keysQuery(bounds), placeholderData: keepPreviousData });
}
