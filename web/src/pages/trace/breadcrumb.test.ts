import { expect, test } from "vitest";
import { crumbsOf, following } from "./breadcrumb";

const crumb = (title: string) => ({
  traceId: "5b8efff798038103d269b633813fc60c",
  search: "",
  title,
});

test("a way is kept in order, as far as one remembers it", () => {
  let way = crumbsOf(null);
  for (let step = 0; step < 30; step++) way = crumbsOf(following(way, crumb(String(step))));
  expect(way.length).toBe(20);
  expect(way.at(-1)?.title).toBe("29");
});

test.each([null, 3, {}, { from: 1 }, { from: [{ traceId: 1 }] }, { from: [null] }])(
  "a state of somebody else is no way: %j",
  (state) => {
    expect(crumbsOf(state)).toEqual([]);
  },
);
