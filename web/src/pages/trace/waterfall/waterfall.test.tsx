// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { drawn } from "../../../trace/testing/drawn";
import { traceActions } from "../actions";
import { TraceProvider } from "../context";
import { createTraceStore, type TraceStore, traceOf } from "../store";
import { FIRST_VIEW } from "../url";
import { Waterfall } from "./waterfall";

const MODEL = drawn(`
  | web:checkout       |==========|
  |   cart:load        | ===      |
  |     db:select      |  =       |
  |   pay:charge!      |     ==== |
  | gone?              |          |
  |   mail:send        |  ==      |
`);

let store: TraceStore;

beforeEach(() => {
  const box = { width: 1000, height: 600, left: 0, top: 0 } as DOMRect;
  vi.spyOn(HTMLElement.prototype, "getBoundingClientRect").mockReturnValue(box);
  store = createTraceStore(traceOf(MODEL), FIRST_VIEW);
  render(
    <MemoryRouter>
      <TraceProvider store={store} actions={traceActions(store)}>
        <Waterfall />
      </TraceProvider>
    </MemoryRouter>,
  );
});

afterEach(cleanup);

const rows = () => screen.getAllByRole("treeitem");

test("is a tree that says how deep each row is, how many there are and what is open", () => {
  expect(rows().map((row) => row.getAttribute("aria-level"))).toEqual([
    "1",
    "2",
    "3",
    "2",
    "1",
    "2",
  ]);
  const [root, load, select] = rows();
  expect(root?.getAttribute("aria-expanded")).toBe("true");
  expect(select?.getAttribute("aria-expanded")).toBeNull();
  expect(load?.getAttribute("aria-posinset")).toBe("1");
  expect(load?.getAttribute("aria-setsize")).toBe("2");
});

test("a click on a row opens its span", () => {
  fireEvent.click(screen.getByText("charge"));
  expect(store.getState().view.span).toBe(MODEL.ids[3]);
  expect(screen.getByRole("treeitem", { selected: true }).textContent).toContain("charge");
  expect(screen.getByRole("tree").getAttribute("aria-activedescendant")).toBe("row-3");
});

test("a click on what opens a row does only that, and the row says what it hides", () => {
  const toggle = rows()[0]?.querySelector('[data-part="toggle"]');
  fireEvent.click(toggle as Element);
  expect(store.getState().view.span).toBeNull();
  expect(rows().length).toBe(3);
  expect(screen.getByTitle("3 hidden, with errors").textContent).toBe("+3");
});

test("a parent that was never received has a row that leads to why", () => {
  expect(screen.getByText(/was never received/).textContent).toContain("gone");
  expect(screen.getByRole("link", { name: "Why?" }).getAttribute("href")).toBe(
    `/traces/${MODEL.traceId}?why=1`,
  );
});

test("the cell under the pointer says in full what it shows", () => {
  fireEvent.pointerOver(screen.getByText("select"));
  expect(screen.getByTitle("db · select").textContent).toContain("select");
  fireEvent.pointerOver(rows()[2]?.querySelector('[data-cell="time"]') as Element);
  expect(screen.getByTitle(/% of the trace self time/)).toBeDefined();
});
