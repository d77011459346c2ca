import { expect, test } from "vitest";
import { convertSpans, convertValue, parseCuts } from "./convert-span";

const SPAN = {
  traceId: "5b8efff798038103d269b633813fc60c",
  spanId: "051581bf3cb55c13",
  name: "GET /cart",
  kind: 2,
  startTimeUnixNano: "1763870000000000001",
  endTimeUnixNano: "1763870000100000003",
  status: {},
};

function traces(span: object, resource: object = {}, scope: object = {}) {
  return { resourceSpans: [{ resource, scopeSpans: [{ scope, spans: [{ ...SPAN, ...span }] }] }] };
}

test("what an answer leaves out is empty", () => {
  const [detail] = convertSpans(traces({}));
  expect(detail).toMatchObject({
    parentSpanId: "",
    statusMessage: "",
    attributes: { list: [], dropped: 0, cuts: [] },
    events: [],
    links: [],
    scope: { name: "", version: "" },
  });
});

test("times keep every nanosecond", () => {
  const [detail] = convertSpans(traces({}));
  expect(detail?.startNs).toBe(1763870000000000001n);
  expect((detail?.endNs ?? 0n) - (detail?.startNs ?? 0n)).toBe(100_000_002n);
});

test("spans of several resources and scopes come with their own", () => {
  const details = convertSpans({
    resourceSpans: ["cart", "shipping"].map((name) => ({
      resource: { attributes: [{ key: "service.name", value: { stringValue: name } }] },
      scopeSpans: [{ scope: { name: `${name}-lib` }, spans: [SPAN] }],
    })),
  });
  expect(details.map((detail) => detail.scope.name)).toEqual(["cart-lib", "shipping-lib"]);
  expect(details[1]?.resource.attributes.list[0]?.value).toEqual({
    type: "string",
    text: "shipping",
  });
});

test.each([
  [{ stringValue: "" }, { type: "string", text: "" }],
  [{ intValue: "9007199254740993" }, { type: "int", text: "9007199254740993" }],
  [{ doubleValue: 0 }, { type: "double", number: 0 }],
  [{ doubleValue: "Infinity" }, { type: "double", number: Number.POSITIVE_INFINITY }],
  [{ boolValue: false }, { type: "bool", bool: false }],
  [{ bytesValue: "AAE=" }, { type: "bytes", base64: "AAE=" }],
  [{ arrayValue: {} }, { type: "array", values: [] }],
  [
    { arrayValue: { values: [{ intValue: "1" }] } },
    { type: "array", values: [{ type: "int", text: "1" }] },
  ],
  [
    { kvlistValue: { values: [{ key: "a", value: {} }] } },
    { type: "map", entries: [{ key: "a", value: { type: "empty" } }] },
  ],
  [{}, { type: "empty" }],
])("the value %j", (wire, value) => {
  expect(convertValue(wire)).toEqual(value);
});

test("what Clew cut is told apart from the attributes", () => {
  const attributes = [
    { key: "db.query.text", value: { stringValue: "select" } },
    {
      key: "clew.cut",
      value: { stringValue: "db.query.text (40000 bytes), status message (17000 bytes)" },
    },
  ];
  const [detail] = convertSpans(traces({ attributes, droppedAttributesCount: 3 }));
  expect(detail?.attributes).toMatchObject({
    dropped: 3,
    cuts: [
      { what: "db.query.text", bytes: 40_000 },
      { what: "status message", bytes: 17_000 },
    ],
  });
  expect(detail?.attributes.list.map(({ key }) => key)).toEqual(["db.query.text"]);
});

test("an attribute that only looks like the mark is shown as it is", () => {
  const attributes = [{ key: "clew.cut", value: { stringValue: "of my own" } }];
  const [detail] = convertSpans(traces({ attributes }));
  expect(detail?.attributes).toMatchObject({ cuts: [], list: [{ key: "clew.cut" }] });
  expect(parseCuts("a, b (12 bytes)")).toEqual([{ what: "a, b", bytes: 12 }]);
});
