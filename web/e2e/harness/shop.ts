/** A small shop's traces, one of which fails in a way that a reader can find. */

import { ago, type SpanSpec, spanId, type TraceSpec, traceId } from "./otlp";

const MS = 1_000_000;

export const STACK = [
  "Traceback (most recent call last):",
  '  File "/app/payment/charge.py", line 88, in charge',
  "    answer = bank.authorise(card, amount)",
  '  File "/app/payment/bank.py", line 31, in authorise',
  "    return self.call('authorise', card, amount)",
  '  File "/app/payment/bank.py", line 57, in call',
  '    raise Timeout(f"no answer within {self.limit} s")',
  "payment.bank.Timeout: no answer within 3 s",
].join("\n");

/** `POST /orders` through four services; `failed` plants the bank that does not answer. */
export function order(startNs: bigint, failed = false): TraceSpec {
  const [root, checkout, payment] = [spanId(), spanId(), spanId()];
  const spans: SpanSpec[] = [
    {
      id: root,
      name: "POST /orders",
      service: "storefront",
      kind: "server",
      start: 0,
      duration: (failed ? 3100 : 120) * MS,
      failed,
      attributes: {
        "http.request.method": "POST",
        "http.route": "/orders",
        "http.response.status_code": failed ? 500 : 201,
        "user.tier": failed ? "gold" : "basic",
      },
    },
    {
      id: checkout,
      parent: root,
      name: "place order",
      service: "checkout",
      kind: "server",
      start: 5 * MS,
      duration: (failed ? 3080 : 105) * MS,
      failed,
      attributes: { "app.cart.items": 3, "app.cart.total": 59.9 },
    },
    {
      parent: checkout,
      name: "SELECT stock",
      service: "checkout",
      kind: "client",
      start: 8 * MS,
      duration: 12 * MS,
      attributes: {
        "db.system.name": "postgresql",
        "db.query.text": "select count(*) from stock where sku = $1",
      },
    },
    {
      id: payment,
      parent: checkout,
      name: "charge card",
      service: "payment",
      kind: "server",
      start: 25 * MS,
      duration: (failed ? 3050 : 60) * MS,
      failed,
      message: failed ? "the bank did not answer" : "",
      attributes: { "app.payment.provider": failed ? "northbank" : "southbank" },
      events: failed
        ? [
            { name: "retry", at: 1000 * MS, attributes: { attempt: 2 } },
            {
              name: "exception",
              at: 3049 * MS,
              attributes: {
                "exception.type": "payment.bank.Timeout",
                "exception.message": "no answer within 3 s",
                "exception.stacktrace": STACK,
              },
            },
          ]
        : [],
    },
    {
      parent: checkout,
      name: "send receipt",
      service: "mail",
      kind: "producer",
      start: (failed ? 3078 : 90) * MS,
      duration: 4 * MS,
    },
  ];
  return { id: traceId(), startNs, spans };
}

/** `GET /products`, without a fault. */
export function listing(startNs: bigint): TraceSpec {
  const root = spanId();
  return {
    id: traceId(),
    startNs,
    spans: [
      {
        id: root,
        name: "GET /products",
        service: "storefront",
        kind: "server",
        start: 0,
        duration: 35 * MS,
        attributes: { "http.request.method": "GET", "http.route": "/products" },
      },
      {
        parent: root,
        name: "list products",
        service: "catalog",
        kind: "server",
        start: 3 * MS,
        duration: 28 * MS,
      },
    ],
  };
}

/** The last quarter of an hour of the shop, and the one order in it that failed. */
export function quarter(): { traces: TraceSpec[]; failed: TraceSpec } {
  const failed = order(ago(200), true);
  const traces = Array.from({ length: 60 }, (_, at) =>
    at % 3 === 0 ? order(ago(30 + at * 14)) : listing(ago(30 + at * 14)),
  );
  return { traces: [...traces, failed], failed };
}
