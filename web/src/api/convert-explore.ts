/** `/api/v1/histogram` and `/api/v1/compare` as the explorer draws them. */

import type { components } from "./types.gen";

type Wire = components["schemas"];

export type LimitedBy = Wire["SampleCovered"]["limitedBy"];

/** Matching spans that start within one stretch of time. */
export interface Bucket {
  startNs: bigint;
  spans: number;
  ok: number;
  unset: number;
  errors: number;
  /** By the rows of the heatmap. */
  durations: readonly number[];
  /** Of those, the errors; empty if there are none. */
  errorDurations: readonly number[];
  p50Ns: number;
  p95Ns: number;
  p99Ns: number;
}

export interface Histogram {
  widthNs: bigint;
  /** Of the rows: one more than rows. */
  boundsNs: readonly number[];
  buckets: readonly Bucket[];
  /** What was looked at: less than was asked for when a limit was met. */
  coveredFromNs: bigint;
  coveredToNs: bigint;
  limitedBy: LimitedBy;
}

export function fromHistogram(answer: Wire["HistogramAnswer"]): Histogram {
  return {
    widthNs: BigInt(answer.bucketNanos),
    boundsNs: answer.durationBoundsNanos.map(Number),
    buckets: answer.buckets.map((bucket) => ({
      startNs: BigInt(bucket.startTimeUnixNano),
      spans: bucket.spanCount,
      ok: bucket.okCount,
      unset: bucket.unsetCount,
      errors: bucket.errorCount,
      durations: bucket.durationCounts,
      errorDurations: bucket.errorDurationCounts,
      p50Ns: Number(bucket.p50DurationNanos),
      p95Ns: Number(bucket.p95DurationNanos),
      p99Ns: Number(bucket.p99DurationNanos),
    })),
    coveredFromNs: BigInt(answer.covered.startTimeUnixNano),
    coveredToNs: BigInt(answer.covered.endTimeUnixNano),
    limitedBy: answer.covered.limitedBy,
  };
}

export type Said = Wire["AttributeRef"];

/** A value that the selection has more often than the others. */
export interface Difference {
  said: Said;
  selectionCount: number;
  selectionShare: number;
  baselineCount: number;
  baselineShare: number;
  same: readonly Said[];
}

export interface Side {
  query: string;
  matched: number;
  sampled: number;
}

export interface Comparison {
  differences: readonly Difference[];
  outcomes: readonly Difference[];
  selection: Side;
  baseline: Side;
  timeShare: number;
  limitedBy: LimitedBy;
}

export function fromCompare(answer: Wire["CompareAnswer"]): Comparison {
  return {
    differences: answer.differences.map(difference),
    outcomes: answer.outcomes.map(difference),
    selection: side(answer.selection),
    baseline: side(answer.baseline),
    timeShare: answer.timeShare,
    limitedBy: answer.covered.limitedBy,
  };
}

function difference(one: Wire["Difference"]): Difference {
  const { scope, key, type, value } = one;
  return {
    said: { scope, key, type, value },
    selectionCount: one.selectionCount,
    selectionShare: one.selectionShare,
    baselineCount: one.baselineCount,
    baselineShare: one.baselineShare,
    same: one.sameSpans,
  };
}

function side(one: Wire["ComparedSide"]): Side {
  return { query: one.query, matched: one.matchedSpans, sampled: one.sampledSpans };
}
