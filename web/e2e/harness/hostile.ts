/** What telemetry may hold to take a page over, and a trace that has it in every field. */

import { type Attributes, ago, type SpanSpec, spanId, type TraceSpec, traceId } from "./otlp";

const RUN = "window.planted=1";

export const CORPUS: readonly (readonly [string, string])[] = [
  ["a script", `<script data-planted>${RUN}</script>`],
  ["an image whose error runs", `"><img src=x onerror="${RUN}" data-planted>`],
  ["a drawing that runs", `<svg/onload=${RUN} data-planted><animate onbegin=${RUN}>`],
  ["the end of a text field", `</textarea></title></style><b data-planted onclick=${RUN}>x</b>`],
  ["an attribute of its own", `" onfocus=${RUN} autofocus data-planted x="`],
  ["a single quote", `' onmouseover='${RUN}' data-planted '`],
  ["an address that runs", `javascript:${RUN}//https://shop.example/`],
  ["an address with a blank", ` \u0001java\tscript:${RUN}`],
  ["a page as an address", `data:text/html,<script>${RUN}</script>`],
  ["another base", `<base href="https://evil.example/" data-planted>`],
  ["a frame", `<iframe srcdoc="<script>parent.${RUN}</script>" data-planted></iframe>`],
  ["a style sheet", `<style data-planted>*{display:none}</style>`],
  ["a picture elsewhere", `<img src="https://evil.example/x.png" data-planted>`],
  ["a style's value", `red;background:url(https://evil.example/x.png)`],
  ["a template", `{{constructor.constructor('${RUN}')()}}#{${RUN}}`],
  ["markdown", `[x](javascript:${RUN}) ![x](https://evil.example/x.png)`],
  ["writing from right to left", `\u202E<b data-planted>\u2066evil\u2069`],
  ["a name of every object", "__proto__"],
  ["the end of a query's text", `" || true } | select(name) //`],
];

/** `text` in every field that a page shows; the first span has them all. */
export function hostile(text: string): TraceSpec {
  const [root, child] = [spanId(), spanId()];
  const attributes = everyType(text);
  const whole: SpanSpec = {
    id: child,
    parent: root,
    name: `operation ${text}`,
    service: `service ${text}`,
    kind: "client",
    start: 1_000_000,
    duration: 5_000_000,
    failed: true,
    message: `status ${text}`,
    traceState: text,
    attributes: {
      ...attributes,
      "url.full": text,
      "http.url": `https://shop.example/${text}`,
      "code.file.path": text,
      "db.query.text": text,
    },
    events: [
      { name: `event ${text}`, at: 1_000_000, attributes },
      {
        name: "exception",
        at: 2_000_000,
        attributes: {
          "exception.type": `type ${text}`,
          "exception.message": `message ${text}`,
          "exception.stacktrace": `Traceback ${text}\n  at ${text}`,
        },
      },
    ],
    links: [{ traceId: traceId(), spanId: spanId(), attributes }],
    resource: { ...everyType(text), "host.name": text, "service.version": text },
    resourceSchema: text,
    scope: { name: `scope ${text}`, version: text, schema: text, attributes: everyType(text) },
  };
  return {
    id: traceId(),
    startNs: ago(60),
    spans: [
      {
        id: root,
        name: `root ${text}`,
        service: `service ${text}`,
        start: 0,
        duration: 9_000_000,
        attributes: {},
      },
      whole,
    ],
  };
}

function everyType(text: string): Attributes {
  return {
    [`key ${text}`]: `value ${text}`,
    "a list": [text, [text], 1, true],
    "a map": { [`inner ${text}`]: text, deeper: { [text]: text } },
    nothing: null,
  };
}
