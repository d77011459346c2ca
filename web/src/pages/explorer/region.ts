/** A part of the heatmap, or the errors: spans to look at and to compare with the others. */

import type { Bounds } from "../../route/time-text";
import { setOrDelete, type UrlCodec } from "../../route/url";

export interface Region {
  startNs: bigint;
  endNs: bigint;
  minNs?: number;
  maxNs?: number;
  status?: "error";
}

/** Whether any of the region lies in a range. */
export function overlaps({ startNs, endNs }: Region, range: Bounds): boolean {
  return startNs <= range.endNs && endNs > range.startNs;
}

/** `region=START-END[,MIN-MAX][,error]`, all in nanoseconds. */
export const regionCodec: UrlCodec<Region | null> = {
  parse(params) {
    const match = /^(\d{1,20})-(\d{1,20})(?:,(\d{1,16})?-(\d{1,16})?)?(,error)?$/.exec(
      params.get("region") ?? "",
    );
    if (!match) return null;
    const [, start = "", end = "", min, max, error] = match;
    const [startNs, endNs] = [BigInt(start), BigInt(end)];
    if (startNs >= endNs || endNs >= 2n ** 64n) return null;
    return {
      startNs,
      endNs,
      ...(min !== undefined && { minNs: Number(min) }),
      ...(max !== undefined && { maxNs: Number(max) }),
      ...(error !== undefined && { status: "error" as const }),
    };
  },
  write(region, params) {
    if (region === null) {
      setOrDelete(params, "region", null);
      return;
    }
    const { startNs, endNs, minNs, maxNs, status } = region;
    const durations =
      minNs === undefined && maxNs === undefined
        ? ""
        : `,${minNs === undefined ? "" : Math.round(minNs)}-${maxNs === undefined ? "" : Math.round(maxNs)}`;
    setOrDelete(params, "region", `${startNs}-${endNs}${durations}${status ? ",error" : ""}`);
  },
};
