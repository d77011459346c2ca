import fc from "fast-check";
import { expect, test } from "vitest";
import golden from "./golden.json";
import { render, valuesOf } from "./render";

test.each(golden)("$name", ({ template, expected, ...asked }) => {
  expect(render(template, valuesOf(asked))).toBe(expected);
});

const ASKED = {
  endpoint: "http://127.0.0.1:4318",
  grpcEndpoint: "http://127.0.0.1:4317",
  apiKey: null,
};

test("a template that names what is not there is a mistake", () => {
  const values = valuesOf({ ...ASKED, serviceName: "x" });
  expect(() => render("{{shell nothing}}", values)).toThrow("no value is called nothing");
  expect(() => render("{{html service}}", values)).toThrow("no form is called html");
});

test("in a shell any text is one quoted word", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (serviceName) => {
      const word = render("{{shell service}}", valuesOf({ ...ASKED, serviceName }));
      // Outside single quotes only what means nothing to a shell, or a quote in double quotes.
      expect(word.replaceAll(/'[^']*'|"'"/g, "")).toMatch(/^[\w@%+=:,./-]*$/);
      expect(word).not.toBe("");
    }),
  );
});

test("in YAML any text is one JSON string", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme" }), (serviceName) => {
      const written = render("{{yaml service}}", valuesOf({ ...ASKED, serviceName }));
      expect(JSON.parse(written)).toBe(serviceName);
      expect(written).not.toContain("\n");
    }),
  );
});
