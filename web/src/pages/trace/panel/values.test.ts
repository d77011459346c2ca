import { expect, test } from "vitest";
import type { AttributeValue } from "../../../shared/traceql";
import { attributesWith, exceptionOf, valueText } from "./values";

const text = (value: string): AttributeValue => ({ type: "string", text: value });

test("lists and maps are JSON that keeps integers whole", () => {
  const value: AttributeValue = {
    type: "map",
    entries: [
      { key: "id", value: { type: "int", text: "9007199254740993" } },
      { key: "tags", value: { type: "array", values: [text("a"), { type: "empty" }] } },
      { key: "deep", value: { type: "array", values: [{ type: "map", entries: [] }] } },
    ],
  };
  expect(valueText(value)).toBe(
    '{\n  "id": 9007199254740993,\n  "tags": ["a", null],\n  "deep": [\n    {}\n  ]\n}',
  );
});

test("attributes are found by key and by value and stand by key", () => {
  const list = [
    { key: "url.path", value: text("/Cart") },
    { key: "http.route", value: text("/cart/{id}") },
    { key: "retries", value: { type: "int", text: "3" } as const },
  ];
  expect(attributesWith(list, " CART ").map(({ key }) => key)).toEqual(["http.route", "url.path"]);
  expect(attributesWith(list, "3").map(({ key }) => key)).toEqual(["retries"]);
  expect(attributesWith(list, "").length).toBe(3);
});

test("an exception is an event of that name", () => {
  const list = [{ key: "exception.type", value: text("KeyError") }];
  expect(exceptionOf("exception", list)).toEqual({ type: "KeyError", message: "", stack: "" });
  expect(exceptionOf("retry", list)).toBeNull();
});
