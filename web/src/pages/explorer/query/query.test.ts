import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addComparison, askedOf, removeTerms, setDuration, setValues, withoutField } from "./edit";
import {
  attribute,
  durationNs,
  type Field,
  intrinsic,
  KINDS,
  type Literal,
  literalKey,
  literalOf,
  SERVICE,
  STATUSES,
  writeDuration,
} from "./fields";
import { type Comparison, type Form, parseQuery } from "./parse";

const keys = fc.oneof(
  fc.constantFrom(
    "http.route",
    "service.version",
    "host.name",
    "a:b",
    'odd "name"',
    "k8s/x",
    "-",
    "ü.ber",
  ),
  fc.string({ unit: "grapheme", minLength: 1, maxLength: 12 }),
);
const fields: fc.Arbitrary<Field> = fc.oneof(
  fc
    .tuple(fc.constantFrom("span", "resource", "any", "event", "instrumentation"), keys)
    .map(([scope, key]) => attribute(scope as Field["scope"], key)),
  fc.constantFrom(SERVICE, intrinsic("name"), intrinsic("statusMessage")),
);
const literals: fc.Arbitrary<Literal> = fc.oneof(
  fc.string({ unit: "grapheme" }).map((value): Literal => ({ type: "string", value })),
  fc
    .constantFrom("true", "nil", "500", "a b", "\\", "`", "'\"\n\t\r", "", "error", "{", "}")
    .map((value): Literal => ({ type: "string", value })),
  fc
    .bigInt(-(2n ** 63n), 2n ** 63n - 1n)
    .map((value): Literal => ({ type: "int", text: String(value) })),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value): Literal => {
    const text = String(value);
    return (
      literalOf("float", /[.e]/.test(text) ? text : `${text}.0`) ?? { type: "bool", text: "true" }
    );
  }),
  fc.boolean().map((value): Literal => ({ type: "bool", text: String(value) })),
);
const asked: fc.Arbitrary<[Field, Literal]> = fc.oneof(
  fc
    .tuple(fields, literals)
    .map(([field, value]): [Field, Literal] => [
      field,
      field.scope === "intrinsic" && value.type !== "string"
        ? { type: "string", value: "x" }
        : value,
    ]),
  fc
    .constantFrom(...STATUSES)
    .map((text): [Field, Literal] => [intrinsic("status"), { type: "status", text }]),
  fc
    .constantFrom(...KINDS)
    .map((text): [Field, Literal] => [intrinsic("kind"), { type: "kind", text }]),
);

/** Queries with what filters understand, and what they do not; none is on the fields above. */
const CONJUNCTIONS = [
  "{ span.zz = 1 }",
  "{span.zz=1&&span.yy!~`a.*`}",
  "{ span.zz = 1  &&  (span.yy = 2 || span.xx = 3) }",
  "{ span.zz * 2 > span.yy }",
  '{ span.zz = "}" } >> { span.q = 4 }',
  "{ span.zz } | count() > 3 | select(span.yy)",
  "({ span.zz = 1 } | count() > 50) && { span.q = 4 }",
  "span.zz = some/text{id} and span.yy =~ [a-z]+",
  "not span.zz = a and span.yy > 100ms | by(span.xx)",
  "span.zz=-5 AND span.yy=nil",
  "{ !(span.zz = 1) && parent.duration > 2s && span.\"a && b\" = '||' }",
];
const DISJUNCTIONS = [
  "{ span.zz = 1 || span.yy = 2 }",
  "{ span.zz = 1 || span.zz = 2 }",
  "span.zz = a or span.yy = b",
];
const queries = fc.constantFrom("", ...CONJUNCTIONS, ...DISJUNCTIONS);

function values(text: string, field: Field) {
  const { include, exclude } = askedOf(parseQuery(text), field);
  return { include: include.map(literalKey), exclude: exclude.map(literalKey) };
}

describe("a value that is asked for", () => {
  test("is found again, and taking it away gives back the query", () => {
    fc.assert(
      fc.property(queries, asked, fc.boolean(), (query, [field, value], included) => {
        const chosen = included
          ? { include: [value], exclude: [] }
          : { include: [], exclude: [value] };
        const next = setValues(query, field, chosen);
        expect(values(next, field)).toEqual({
          include: chosen.include.map(literalKey),
          exclude: chosen.exclude.map(literalKey),
        });
        expect(setValues(next, field, { include: [], exclude: [] })).toBe(query);
      }),
    );
  });

  test("several are found again, of any types", () => {
    fc.assert(
      fc.property(queries, fields, fc.array(literals, { maxLength: 4 }), (query, field, found) => {
        const texts = found.filter(({ type }) => field.scope !== "intrinsic" || type === "string");
        const next = setValues(query, field, { include: texts, exclude: [] });
        expect(values(next, field).include).toEqual([...new Set(texts.map(literalKey))]);
        expect(setValues(next, field, { include: [], exclude: [] })).toBe(query);
      }),
    );
  });

  test("leaves what others said where it is", () => {
    fc.assert(
      fc.property(fc.constantFrom(...CONJUNCTIONS), asked, (query, [field, value]) => {
        const before = parseQuery(query);
        const next = parseQuery(setValues(query, field, { include: [value], exclude: [] }));
        const text = ({ text: whole, terms }: typeof before) =>
          terms.map(({ at, end }) => whole.slice(at, end));
        expect(text(next).slice(0, -1)).toEqual(text(before));
      }),
    );
  });

  test("any text whatever is kept where it cannot be read", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), asked, (query, [field, value]) => {
        const parsed = parseQuery(query);
        const next = setValues(query, field, { include: [value], exclude: [] });
        if (parsed.form === "broken") expect(next).toBe(query);
        for (const { kind, at, end } of parsed.terms) {
          if (kind === "other") expect(next).toContain(query.slice(at, end));
        }
      }),
    );
  });
});

describe("editing by hand-made cases", () => {
  const service = (...names: string[]): Literal[] =>
    names.map((value) => ({ type: "string", value }));
  test.each<[string, string[], string[], string]>([
    ["", ["a"], [], '{ resource.service.name = "a" }'],
    ["{ }", ["a"], [], '{ resource.service.name = "a" }'],
    ["{}", ["a"], [], '{ resource.service.name = "a" }'],
    ["", ["a", "b"], [], '{ resource.service.name = "a" || resource.service.name = "b" }'],
    [
      "{ status = error }",
      ["a", "b"],
      [],
      '{ status = error && (resource.service.name = "a" || resource.service.name = "b") }',
    ],
    [
      '{ service.name = "a" && status = error }',
      ["b"],
      [],
      '{ resource.service.name = "b" && status = error }',
    ],
    ['{ service.name != "a" && status = error }', [], [], "{ status = error }"],
    [
      '{ status = error && service.name = "a" && kind = server }',
      [],
      [],
      "{ status = error && kind = server }",
    ],
    [
      "{ status = error || kind = server }",
      ["a"],
      [],
      '{ (status = error || kind = server) && resource.service.name = "a" }',
    ],
    [
      "status = error or kind = server",
      ["a"],
      [],
      '(status = error or kind = server) and resource.service.name = "a"',
    ],
    ["service.name = checkout", [], ["b"], 'resource.service.name != "b"'],
    ["count() > 10", ["a"], [], '{ resource.service.name = "a" } | count() > 10'],
    ["service.name = a | count() > 2", [], [], "{ } | count() > 2"],
    [
      "4bf92f3577b34da6",
      ["a"],
      [],
      '{ trace:id = "00000000000000004bf92f3577b34da6" && resource.service.name = "a" }',
    ],
    ["{ a", ["a"], [], "{ a"],
  ])("%s with %j and without %j", (query, include, exclude, next) => {
    const chosen = { include: service(...include), exclude: service(...exclude) };
    expect(setValues(query, SERVICE, chosen)).toBe(next);
  });

  test("an attribute is excluded so that spans without it stay", () => {
    const field = attribute("span", "http.route");
    const next = setValues("", field, { include: [], exclude: [{ type: "string", value: "/" }] });
    expect(next).toBe('{ !(span.http.route = "/") }');
  });

  test("a number is a number also where the form without braces would read text", () => {
    const field = attribute("resource", "service.version");
    const next = setValues("status = error", field, {
      include: [{ type: "int", text: "5" }],
      exclude: [],
    });
    expect(next).toBe("status = error and 5 = resource.service.version");
    expect(values(next, field).include).toEqual(["#5"]);
  });

  test("a key without a scope is shown where its span or resource is", () => {
    const parsed = parseQuery("http.route = /cart");
    expect(askedOf(parsed, attribute("span", "http.route")).include).toHaveLength(1);
    expect(askedOf(parsed, attribute("event", "http.route")).include).toHaveLength(0);
  });

  test("bounds of the duration are set, changed and taken away", () => {
    const one = setDuration("{ status = error }", 100_000_000n, null);
    expect(one).toBe("{ status = error && duration >= 100ms }");
    const two = setDuration(one, 1_500_000_000n, 2_000_000_000n);
    expect(two).toBe("{ status = error && duration >= 1500ms && duration <= 2s }");
    expect(setDuration(two, null, null)).toBe("{ status = error }");
  });

  test("a condition is added once, and conditions are removed by their place", () => {
    const comparison: Comparison = {
      field: SERVICE,
      operator: "=~",
      value: { type: "string", value: "a.*" },
    };
    const next = addComparison("{ kind = server }", comparison);
    expect(next).toBe('{ kind = server && resource.service.name =~ "a.*" }');
    expect(addComparison(next, comparison)).toBe(next);
    expect(removeTerms(parseQuery(next), askedOf(parseQuery(next), SERVICE).others)).toBe(
      "{ kind = server }",
    );
    expect(withoutField(next, SERVICE)).toBe("{ kind = server }");
  });
});

test.each<[string, Form, boolean]>([
  ["", "empty", true],
  ["{ }", "braces", true],
  ["{ name = `a` }", "braces", true],
  ["{ name = `a` } && { }", "braces", false],
  ["{ duration > parent.duration }", "braces", false],
  ["{ span.a = nil && span.b }", "braces", true],
  ["name = a b", "bare", false],
  ["max(duration) > 10s", "stages", false],
  ["4bf92f3577b34da6a3ce929d0e0e4736", "traceId", false],
  ['{ name = "a', "broken", false],
  ["{ name = “a” }", "broken", false],
  ["{ (name = `a` }", "broken", false],
])("%s is read as %s", (query, form, simple) => {
  expect(parseQuery(query)).toMatchObject({ form, simple });
});

test.each<[string, bigint | null]>([
  ["1h30m", 5_400_000_000_000n],
  [".5s", 500_000_000n],
  ["1.5µs", 1500n],
  ["0.1ns", null],
  ["5", null],
  ["5 ms", null],
  ["200000d", null],
])("the duration %s", (text, ns) => {
  expect(durationNs(text)).toBe(ns);
});

test("durations are read as they are written", () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 2n ** 63n - 1n), (ns) => {
      expect(durationNs(writeDuration(ns))).toBe(ns);
    }),
  );
});

describe("what filters write is read alike by the server: tests/unit/query/language/test_ui.py", () => {
  const FIELDS = [
    SERVICE,
    attribute("span", "http.route"),
    attribute("span", 'odd "key"\n'),
    attribute("event", "a:b"),
    attribute("resource", "service.version"),
    attribute("any", "k8s/x.y"),
    attribute("span", "ends."),
    attribute("span", "1st"),
    attribute("span", "ü"),
    attribute("instrumentation", "x y"),
  ];
  const VALUES: Literal[] = [
    "checkout",
    "500",
    "true",
    "nil",
    "",
    "a\\b\n\t\r'\"`",
    "{}&&||",
    "日本 🎉",
  ].map((value) => ({ type: "string", value }));
  for (const [type, text] of [
    ["int", "0"],
    ["int", "-5"],
    ["int", "-9223372036854775808"],
    ["float", "1.5"],
    ["float", "-2e-07"],
    ["bool", "true"],
  ]) {
    const found = literalOf(type ?? "", text ?? "");
    if (found) VALUES.push(found);
  }
  const words: [Field, Literal][] = [
    ...STATUSES.map((text): [Field, Literal] => [intrinsic("status"), { type: "status", text }]),
    ...KINDS.map((text): [Field, Literal] => [intrinsic("kind"), { type: "kind", text }]),
    [intrinsic("name"), { type: "string", value: "GET /" }],
    [intrinsic("event:name"), { type: "string", value: "exception" }],
  ];
  const pairs = [
    ...FIELDS.flatMap((field) => VALUES.map((value): [Field, Literal] => [field, value])),
    ...words,
  ];

  test("conditions", async () => {
    const written = [
      "",
      "status = error | count() > 1",
      "{ span.zz = 1 || span.yy = 2 } >> { }",
    ].flatMap((query) =>
      pairs.flatMap(([field, value]) => [
        { query: setValues(query, field, { include: [value], exclude: [] }), field, value },
        { query: setValues(query, field, { include: [], exclude: [value] }), field, value },
      ]),
    );
    const bounds = [0n, 1n, 1500n, 90_000_000_000n, 2n ** 62n].map((ns) => ({
      query: setDuration("kind = server", ns, ns),
      field: intrinsic("duration"),
      value: { type: "duration", text: String(ns) },
    }));
    const lines = [...written, ...bounds].map((one) => JSON.stringify(one));
    await expect(`[\n${lines.join(",\n")}\n]\n`).toMatchFileSnapshot(
      "../../../../../tests/unit/query/language/written_by_ui.json",
    );
  });
});
