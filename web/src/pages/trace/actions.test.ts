import { beforeEach, describe, expect, it } from "vitest";
import { drawn } from "../../trace/testing/drawn";
import { type TraceActions, traceActions } from "./actions";
import { createTraceStore, type TraceStore, traceOf } from "./store";
import { FIRST_VIEW, type TraceView } from "./url";

const MODEL = drawn(`
  | web:checkout       |==========|
  |   cart:load        | ===      |
  |     db:select      |  =       |
  |   pay:charge!      |     ==== |
  |     bank:post!     |      ==  |
  | gone?              |          |
  |   mail:send        |  ==      |
`);

let store: TraceStore;
let actions: TraceActions;

function open(view: Partial<TraceView> = {}): void {
  store = createTraceStore(traceOf(MODEL), { ...FIRST_VIEW, ...view });
  actions = traceActions(store);
}

/** The rows by name; `?` for a missing parent, `>` before the one with the cursor. */
function rows(): string[] {
  const { rows: nodes, cursor, trace } = store.getState();
  return [...nodes].map((node) => {
    const name = trace.model.names[trace.model.name[node] ?? -1] ?? "?";
    return (node === cursor ? ">" : "") + name;
  });
}

const idOf = (name: string) => MODEL.ids[placeOf(name)] ?? "";
const placeOf = (name: string) => [...MODEL.name].findIndex((index) => MODEL.names[index] === name);

beforeEach(() => open());

describe("moving", () => {
  it("goes on from what hides the cursor", () => {
    actions.move(placeOf("post"));
    actions.toggle(placeOf("charge"));
    actions.moveBy(1);
    expect(store.getState().cursor).toBeGreaterThan(placeOf("post"));
  });

  it("goes row by row and stays at the ends", () => {
    actions.moveBy(1);
    expect(rows()[0]).toBe(">checkout");
    actions.moveBy(100);
    expect(rows().at(-1)).toBe(">send");
    actions.moveBy(-1);
    expect(rows().at(-2)).toBe(">?");
  });

  it("goes in and out as in every tree", () => {
    actions.move(placeOf("checkout"));
    actions.right();
    expect(rows()[1]).toBe(">load");
    actions.left();
    expect(rows()).toEqual(["checkout", ">load", "charge", "post", "?", "send"]);
    actions.left();
    actions.left();
    expect(rows()).toEqual([">checkout", "?", "send"]);
    actions.right();
    expect(rows()).toContain("load");
  });

  it("shows what is gone to, also inside a closed row", () => {
    actions.setLevel(0);
    expect(rows()).toEqual(["checkout", "?"]);
    actions.goAmong(store.getState().trace.errors, true);
    expect(rows()).toEqual(["checkout", "load", ">charge", "?"]);
  });

  it("goes from error to error, around the end", () => {
    const { errors } = store.getState().trace;
    const visited = [1, 2, 3].map(() => {
      actions.goAmong(errors, true);
      return store.getState().cursor;
    });
    expect(visited).toEqual([placeOf("charge"), placeOf("post"), placeOf("charge")]);
  });
});

describe("the panel", () => {
  it("follows the cursor once it is open", () => {
    actions.moveBy(1);
    expect(store.getState().view.span).toBeNull();
    actions.open(placeOf("load"), 2);
    expect(store.getState().view).toMatchObject({ span: idOf("load"), event: 2 });
    actions.moveBy(1);
    expect(store.getState().view).toMatchObject({ span: idOf("select"), event: null });
    actions.closePanel();
    actions.moveBy(1);
    expect(store.getState().view.span).toBeNull();
  });

  it("is opened by an address, with what hides the span", () => {
    open({ span: idOf("post"), level: 1 });
    expect(rows()).toEqual(["checkout", "load", "charge", ">post", "?", "send"]);
  });

  it("follows the address when one goes back", () => {
    actions.open(placeOf("load"), null, "push");
    actions.follow({ ...FIRST_VIEW, span: idOf("post") });
    expect(store.getState()).toMatchObject({
      cursor: placeOf("post"),
      view: { span: idOf("post") },
    });
  });
});

describe("matches", () => {
  it("are all that is asked for at once", () => {
    actions.change({ find: "bank" });
    expect([...store.getState().matches.places]).toEqual([placeOf("post")]);
    actions.change({ find: "" });
    actions.togglePill("errors");
    expect(store.getState().matches.places.length).toBe(2);
    actions.change({ service: "pay" });
    expect([...store.getState().matches.places]).toEqual([placeOf("charge")]);
    actions.togglePill("errors");
    actions.change({ service: null });
    expect(store.getState().matches.active).toBe(false);
  });

  it("alone are shown with those above them", () => {
    actions.change({ find: "select", only: true });
    expect(rows()).toEqual(["checkout", "load", "select"]);
  });

  it("grow with what the server finds, if it is still asked for", () => {
    actions.change({ find: "visa", only: true });
    expect(rows()).toEqual([]);
    actions.found({ text: "vis", places: [placeOf("load")], complete: true });
    expect(rows()).toEqual([]);
    actions.found({ text: "visa", places: [placeOf("charge")], complete: true });
    expect(rows()).toEqual(["checkout", "charge"]);
  });
});

it("collapses what is below the children of a row, and opens it again", () => {
  actions.toggleBelow(placeOf("checkout"));
  expect(rows()).toEqual(["checkout", "load", "charge", "?", "send"]);
  actions.toggleBelow(placeOf("checkout"));
  expect(rows()).toEqual(["checkout", "load", "select", "charge", "post", "?", "send"]);
});

it("keeps the selected span when more spans have come", () => {
  open({ span: idOf("charge") });
  const more = drawn(`
    | web:checkout       |==========|
    |   cart:load        | ===      |
    |   cart:late        | ==       |
    |   pay:charge!      |     ==== |
  `);
  const ids = more.ids.map((id, at) => (at === 3 ? idOf("charge") : id.replace(/^0/, "f")));
  actions.setTrace(traceOf({ ...more, ids }));
  expect(rows()).toEqual(["checkout", "load", "late", ">charge"]);
});

it("keeps closed rows closed when more spans have come", () => {
  actions.toggle(placeOf("load"));
  actions.moveBy(1);
  const more = drawn(`
    | web:checkout       |==========|
    |   cart:load        | ===      |
    |     db:select      |  =       |
    |     db:late        |   =      |
    |   pay:charge!      |     ==== |
    |     bank:post!     |      ==  |
  `);
  actions.setTrace(traceOf({ ...more, ids: [0, 1, 2, 9, 3, 4].map((at) => MODEL.ids[at] ?? "9") }));
  expect(rows()).toEqual([">checkout", "load", "charge", "post"]);
});
