import fc from "fast-check";
import { expect, test } from "vitest";
import type { Arrival, Source } from "../../api/convert-arrival";
import { headline, ownTrace, stepsOf } from "./progress";

const EMPTY: Arrival = {
  grpcPort: 4317,
  httpPort: 4318,
  tls: false,
  loopbackOnly: true,
  keysRequired: false,
  connections: 0,
  acceptedSpans: 0,
  storedSpans: 0,
  traces: [],
  misdated: [],
  refusals: [],
  demo: { available: true, running: false, endsInSeconds: null },
};

function trace(source: Source) {
  return { traceId: source, service: source, name: "GET /", spanCount: 1, source };
}

const REFUSAL = {
  reason: "wrong_path",
  sentence: "POST to /v1/traces.",
  address: "127.0.0.1",
  userAgent: "curl",
  keyPrefix: "",
  count: 1,
  lastNs: 1n,
};

test.each<[string, Partial<Arrival>]>([
  ["Waiting for the first spans", {}],
  ["Somebody connected; no spans yet", { connections: 1 }],
  ["Somebody was turned away", { connections: 1, refusals: [REFUSAL] }],
  ["Spans are on their way to the store", { connections: 1, acceptedSpans: 4 }],
  ["Spans are in the store", { connections: 1, acceptedSpans: 4, storedSpans: 4 }],
  [
    "Spans arrive, but their time is another",
    { storedSpans: 4, misdated: [{ service: "cart", spans: 4, firstNs: 1n, lastNs: 2n }] },
  ],
  ["No spans since Clew was started", { storedSpans: 4 }],
  ["The test trace is here; now your application", { traces: [trace("test")] }],
  ["The demo shop is sending", { traces: [trace("test"), trace("demo")] }],
  ["Your first trace is here", { traces: [trace("own"), trace("demo")] }],
])("the page says: %s", (text, part) => {
  expect(headline({ ...EMPTY, ...part }, true)).toBe(text);
});

test("who had traces before is told of no first one", () => {
  expect(headline({ ...EMPTY, traces: [trace("own")] }, false)).toBe("Your traces are arriving");
});

test("no step is reached before the one in front of it", () => {
  const count = fc.nat({ max: 3 });
  const traces = fc.array(fc.constantFrom<Source>("own", "test", "demo").map(trace));
  fc.assert(
    fc.property(
      fc.record({ connections: count, acceptedSpans: count, storedSpans: count, traces }),
      (part) => {
        const reached = stepsOf({ ...EMPTY, ...part }).map((step) => step.reached);
        expect(reached).toEqual([...reached].sort((a, b) => Number(b) - Number(a)));
      },
    ),
  );
});

test("a trace of somebody's own is neither a test nor the demo's", () => {
  expect(ownTrace({ ...EMPTY, traces: [trace("demo"), trace("test")] })).toBeNull();
  expect(ownTrace({ ...EMPTY, traces: [trace("demo"), trace("own")] })?.source).toBe("own");
});
