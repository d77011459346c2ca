import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { at, type TraceModel } from "./model";
import {
  type Collapsed,
  collapsedToLevel,
  filterRows,
  hasRowsUnder,
  hiddenUnder,
  nothingCollapsed,
  type Outline,
  outline,
  revealed,
  rowNear,
  rowOf,
  type Shown,
  toggled,
  visibleRows,
  withSubtree,
} from "./rows";
import { drawn } from "./testing/drawn";
import { largeTrace } from "./testing/large";
import { isWithin } from "./testing/naive";
import { anyTrace } from "./testing/random";

const SHOP = drawn(`
  | a          |==========|
  |   web:b    |========  |
  |     db:c!  | ==       |
  |     db:d   |    ==    |
  |   web:e    |        ==|
  | lost?      |          |
  |   web:f    |   ===    |
  |     db:g   |   =      |
  |   web:h!   |      ==  |
`);

/** Rows as they look: indentation, `-` open, `+` closed with what it hides, `~` not a match. */
function picture(tree: Outline, shown: Shown, collapsed: Collapsed): string[] {
  return [...visibleRows(tree, shown, collapsed)].map((node) => {
    const { model } = tree;
    const ghost = node >= model.count;
    const name = ghost ? "lost" : model.names[at(model.name, node)];
    const dim = !ghost && shown.mask[node] === 1 ? "~" : "";
    const indent = "  ".repeat(at(tree.level, node));
    if (!hasRowsUnder(tree, node)) return `${indent}${dim}${name}`;
    if (collapsed[node] !== 1) return `${indent}${dim}${name} -`;
    const { count, worst } = hiddenUnder(tree, shown, node);
    return `${indent}${dim}${name} +${count}${worst === 2 ? "!" : ""}`;
  });
}

const TREE = outline(SHOP);
const ALL = filterRows(SHOP);
const LOST = SHOP.count;
const open = nothingCollapsed(TREE);

describe("rows", () => {
  it("show everything, a missing parent above those who name it", () => {
    expect(picture(TREE, ALL, open)).toEqual([
      "a -",
      "  b -",
      "    c",
      "    d",
      "  e",
      "lost -",
      "  f -",
      "    g",
      "  h",
    ]);
  });

  it("say of what is closed how much it hides and the worst of it", () => {
    const closed = toggled(TREE, toggled(TREE, toggled(TREE, open, 1), 5), LOST);
    expect(picture(TREE, ALL, closed)).toEqual(["a -", "  b +2!", "  e", "lost +3!"]);
    expect(picture(TREE, ALL, toggled(TREE, closed, LOST))).toEqual([
      "a -",
      "  b +2!",
      "  e",
      "lost -",
      "  f +1",
      "  h",
    ]);
  });

  it("do not close what has nothing under it", () => {
    expect(toggled(TREE, open, 4)).toEqual(open);
  });

  it.each([
    [0, ["a +4!", "lost +3!"]],
    [1, ["a -", "  b +2!", "  e", "lost -", "  f +1", "  h"]],
    [2, ["a -", "  b -", "    c", "    d", "  e", "lost -", "  f -", "    g", "  h"]],
  ])("close to level %i", (level, expected) => {
    expect(picture(TREE, ALL, collapsedToLevel(TREE, level))).toEqual(expected);
  });

  it("close and open a whole subtree", () => {
    const closed = withSubtree(TREE, toggled(TREE, open, 0), 0, true);
    expect(picture(TREE, ALL, closed).slice(0, 3)).toEqual(["a -", "  b +2!", "  e"]);
    expect(withSubtree(TREE, closed, 0, false)).toEqual(open);
  });

  it.each([
    ["errors", { errors: true }, ["~a -", "  ~b -", "    c", "lost -", "  h"]],
    [
      "a service",
      { services: new Set([2]) },
      ["~a -", "  ~b -", "    c", "    d", "lost -", "  ~f -", "    g"],
    ],
    ["both", { errors: true, services: new Set([1]) }, ["lost -", "  h"]],
    ["nothing that there is", { among: [new Uint8Array(8)] }, []],
  ])("filter to %s with the ancestors", (_, filter, expected) => {
    expect(picture(TREE, filterRows(SHOP, filter), open)).toEqual(expected);
  });

  it("count under a closed row only what the filter shows", () => {
    const shown = filterRows(SHOP, { errors: true });
    expect(shown).toMatchObject({ matches: 2, count: 4 });
    expect(picture(TREE, shown, collapsedToLevel(TREE, 0))).toEqual(["~a +2!", "lost +1!"]);
  });

  it("find the row of a node, and of what hides it", () => {
    const rows = visibleRows(TREE, ALL, toggled(TREE, toggled(TREE, open, 1), LOST));
    expect([...rows]).toEqual([0, 1, 4, LOST]);
    expect([0, 1, 2, 4, 5, LOST].map((node) => rowOf(TREE, rows, node))).toEqual([
      0, 1, -1, 2, -1, 3,
    ]);
    expect([0, 3, 6, LOST].map((node) => rowNear(TREE, rows, node))).toEqual([0, 1, 3, 3]);
    expect(rowNear(TREE, new Uint32Array(), 3)).toBe(-1);
  });

  it("open what hides a span", () => {
    const closed = collapsedToLevel(TREE, 0);
    expect(picture(TREE, ALL, revealed(TREE, closed, 6))).toEqual([
      "a +4!",
      "lost -",
      "  f -",
      "    g",
      "  h",
    ]);
  });
});

describe("rows of any trace", () => {
  const cases = anyTrace.chain((model) =>
    fc.record({
      model: fc.constant(model),
      closed: fc.uint8Array({
        minLength: model.count + model.missing.length,
        maxLength: model.count + model.missing.length,
        max: 1,
      }),
      errors: fc.boolean(),
      services: fc.option(fc.uniqueArray(fc.nat(3)), { nil: undefined }),
    }),
  );

  it("are those that a look at each span finds", () => {
    fc.assert(
      fc.property(cases, ({ model, closed, errors, services }) => {
        const collapsed = Uint8Array.from(closed);
        const wanted = services && new Set(services);
        const filter = wanted ? { errors, services: wanted } : { errors };
        const tree = outline(model);
        const shown = filterRows(model, filter);
        const rows = visibleRows(tree, shown, collapsed);
        const passes = (span: number) =>
          (!errors || model.status[span] === 2) && (!wanted || wanted.has(at(model.service, span)));
        expect([...rows]).toEqual(naiveRows(model, passes, collapsed));
        for (const [row, node] of rows.entries()) {
          expect(rowOf(tree, rows, node)).toBe(row);
          expect(hiddenUnder(tree, shown, node)).toEqual(naiveHidden(model, passes, node));
        }
      }),
    );
  });
});

function naiveShown(model: TraceModel, passes: (span: number) => boolean): number[] {
  const spans = [...model.parent.keys()];
  return spans.filter((span) => spans.some((o) => passes(o) && isWithin(model, o, span)));
}

function ghostOf(model: TraceModel, span: number): number {
  return model.missing.findIndex(({ children }) => children.some((c) => isWithin(model, span, c)));
}

function naiveRows(
  model: TraceModel,
  passes: (span: number) => boolean,
  collapsed: Uint8Array,
): number[] {
  const rows: number[] = [];
  for (const span of naiveShown(model, passes)) {
    const ghost = ghostOf(model, span);
    const node = model.count + ghost;
    if (ghost >= 0 && !rows.includes(node)) rows.push(node);
    const hidden =
      (ghost >= 0 && collapsed[node] === 1) ||
      [...model.parent.keys()].some(
        (other) => other !== span && collapsed[other] === 1 && isWithin(model, span, other),
      );
    if (!hidden) rows.push(span);
  }
  return rows;
}

function naiveHidden(model: TraceModel, passes: (span: number) => boolean, node: number) {
  const hidden = naiveShown(model, passes).filter((span) =>
    node < model.count
      ? span !== node && isWithin(model, span, node)
      : ghostOf(model, span) === node - model.count,
  );
  return {
    count: hidden.length,
    worst: Math.max(0, ...hidden.map((span) => at(model.status, span))),
  };
}

describe("100,000 rows", { timeout: 30_000 }, () => {
  const model = largeTrace(100_000);
  const tree = outline(model);

  it("are toggled and filtered in time", () => {
    const shown = filterRows(model);
    const all = nothingCollapsed(tree);
    const toggle = () => visibleRows(tree, shown, toggled(tree, all, 1));
    const filter = () => visibleRows(tree, filterRows(model, { errors: true }), all);
    for (const action of [toggle, filter]) {
      const took = Math.min(
        ...Array.from({ length: 5 }, () => {
          const before = performance.now();
          action();
          return performance.now() - before;
        }),
      );
      expect(took).toBeLessThan(1000);
    }
  });
});
