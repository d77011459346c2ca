/** The filters beside the results: which there are, and how they are named. */

import type { AttributeScope } from "../../../api/convert-attributes";
import {
  attribute,
  type Field,
  intrinsic,
  KINDS,
  SERVICE,
  type STATUSES,
  writeField,
} from "../query/fields";

export interface Facet {
  field: Field;
  label: string;
  scope: AttributeScope;
  key: string;
  /** Values that are there whether spans have them or not. */
  always?: { type: "kind" | "status"; values: readonly string[] };
}

export const FIRST_FACETS: readonly Facet[] = [
  { field: SERVICE, label: "Service", scope: "resource", key: "service.name" },
  { field: intrinsic("name"), label: "Operation", scope: "intrinsic", key: "name" },
  {
    field: intrinsic("status"),
    label: "Status",
    scope: "intrinsic",
    key: "status",
    always: {
      type: "status",
      values: ["error", "ok", "unset"] satisfies (typeof STATUSES)[number][],
    },
  },
  {
    field: intrinsic("kind"),
    label: "Kind",
    scope: "intrinsic",
    key: "kind",
    always: { type: "kind", values: KINDS.filter((kind) => kind !== "unspecified") },
  },
];

const SCOPES = ["span", "resource", "event", "instrumentation", "intrinsic"] as const;

export const DURATION = "duration";

/** Pinned until somebody chooses, as scope and key; those that no span of the range has are left out. */
export const FIRST_PINNED: readonly string[] = [
  "span http.route",
  "span http.response.status_code",
  "resource deployment.environment.name",
  "resource service.version",
];

export const FIRST_OPEN: readonly string[] = [writeField(SERVICE), "name", "status", DURATION];

export function fieldOfKey(scope: AttributeScope, key: string): Field {
  return scope === "intrinsic" ? intrinsic(key) : attribute(scope, key);
}

/** The facet of an attribute. */
export function facetOf(scope: AttributeScope, key: string): Facet {
  return { field: fieldOfKey(scope, key), label: key, scope, key };
}

/** How a facet is remembered; keys may hold anything, scopes no space. */
export function pinOf({ scope, key }: Pick<Facet, "scope" | "key">): string {
  return `${scope} ${key}`;
}

export function facetOfPin(pin: string): Facet | null {
  const at = pin.indexOf(" ");
  const scope = SCOPES.find((one) => one === pin.slice(0, at));
  const key = pin.slice(at + 1);
  return scope === undefined || key === "" ? null : facetOf(scope, key);
}

export function isBuiltIn(field: Field): boolean {
  const name = writeField(field);
  return FIRST_FACETS.some((facet) => writeField(facet.field) === name);
}
