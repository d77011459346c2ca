/** `/api/v1/attributes` as filters and completion use it. */

import type { components } from "./types.gen";

type Wire = components["schemas"];

export type AttributeScope = Wire["AttributeKey"]["scope"];
export type AttributeType = Wire["AttributeKey"]["type"];

export interface AttributeKey {
  scope: AttributeScope;
  key: string;
  spanCount: number;
}

export interface AttributeKeys {
  keys: readonly AttributeKey[];
  complete: boolean;
}

export interface AttributeValue {
  value: string;
  type: AttributeType;
  spanCount: number;
}

export interface AttributeValues {
  values: readonly AttributeValue[];
  complete: boolean;
  /** From how many spans the counts are, if not from all. */
  sampled: number | null;
}

/** A key that has several types comes once, with the spans of all. */
export function fromKeys(answer: Wire["AttributeKeysAnswer"]): AttributeKeys {
  const keys = new Map<string, AttributeKey>();
  for (const { scope, key, spanCount } of answer.attributes) {
    const name = `${scope} ${key}`;
    const before = keys.get(name)?.spanCount ?? 0;
    keys.set(name, { scope, key, spanCount: before + spanCount });
  }
  return { keys: [...keys.values()], complete: answer.complete };
}

export function fromValues(answer: Wire["AttributeValuesAnswer"]): AttributeValues {
  return {
    values: answer.values.map(({ value, type, spanCount }) => ({ value, type, spanCount })),
    complete: answer.complete,
    sampled: answer.covered.sampledSpans,
  };
}
