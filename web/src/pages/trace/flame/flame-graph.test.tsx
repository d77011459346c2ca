// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { type ReactNode, useState } from "react";
import { afterEach, describe, expect, it } from "vitest";
import type { TraceModel } from "../../../trace/model";
import { drawn, type Sketch, sketched } from "../../../trace/testing/drawn";
import { wholeZoom, type Zoom } from "../../../trace/zoom";
import { FlameGraph } from "./flame-graph";

const times = (sketches: Sketch[]) =>
  sketches.map((one) => ({ ...one, start: one.start * 1000, duration: one.duration * 1000 }));

/** shop ─ cart ─ select, beside it pay (an error). */
const MODEL = sketched(
  times([
    { parent: -1, start: 0, duration: 100, name: "shop" },
    { parent: 0, start: 10, duration: 30, name: "cart" },
    { parent: 1, start: 20, duration: 10, name: "select" },
    { parent: 0, start: 80, duration: 10, name: "pay", status: 2 },
  ]),
);

interface Seen {
  zoom: Zoom;
  selected: number | null;
  hows: string[];
}

let seen: Seen;

interface PageProps {
  model: TraceModel;
  first: number | null;
}

function Page({ model, first }: PageProps): ReactNode {
  const [zoom, setZoom] = useState(wholeZoom(model.durationNs));
  const [selected, setSelected] = useState(first);
  seen = { ...seen, zoom, selected };
  return (
    <FlameGraph
      model={model}
      zoom={zoom}
      series={Uint8Array.of(0)}
      onZoom={(next, how) => {
        seen.hows.push(how);
        setZoom(next);
      }}
      selected={selected}
      onSelect={setSelected}
    />
  );
}

function show(model: TraceModel = MODEL, first: number | null = null): void {
  seen = { zoom: wholeZoom(model.durationNs), selected: first, hows: [] };
  render(<Page model={model} first={first} />);
}

function press(...keys: string[]): void {
  const graph = screen.getByRole("application", { name: "Flame graph" });
  for (const key of keys) fireEvent.keyDown(graph, { key });
}

afterEach(cleanup);

describe("the flame graph by keyboard", () => {
  it.each([
    [["ArrowDown"], 0],
    [["ArrowDown", "ArrowDown"], 1],
    [["ArrowDown", "ArrowDown", "ArrowDown"], 2],
    [["ArrowDown", "ArrowDown", "ArrowRight"], 3],
    [["ArrowDown", "ArrowDown", "ArrowRight", "ArrowLeft"], 1],
    [["ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp"], 1],
    [["ArrowDown", "ArrowUp"], 0],
    [["ArrowDown", "ArrowDown", "Home"], 0],
  ])("goes by %j to %i", (keys, expected) => {
    show();
    press(...keys);
    expect(seen.selected).toBe(expected);
  });

  it("zooms to the selected span and back, each a step in the history", () => {
    show(MODEL, 3);
    press("Enter");
    expect(seen.zoom).toEqual({ from: 79_800, to: 90_200 });
    press("Escape");
    expect(seen.zoom).toEqual({ from: 0, to: 100_000 });
    expect(seen.hows).toEqual(["push", "push"]);
  });

  it("leaves Escape to the page when there is nothing to reset", () => {
    show();
    const graph = screen.getByRole("application");
    expect(fireEvent.keyDown(graph, { key: "Escape" })).toBe(true);
    expect(fireEvent.keyDown(graph, { key: "ArrowDown" })).toBe(false);
  });

  it("moves what is shown to a span that is outside of it", () => {
    show(MODEL, 3);
    press("Enter", "ArrowLeft");
    expect(seen.selected).toBe(1);
    expect(seen.zoom.from).toBeLessThan(40_000);
    expect(seen.zoom.to - seen.zoom.from).toBe(10_400);
    expect(seen.hows).toEqual(["push", "replace"]);
  });
});

describe("the flame graph in words", () => {
  it("tells of the trace and of the selected span", () => {
    show(MODEL, 3);
    const graph = screen.getByRole("application", { name: "Flame graph" });
    const help = document.getElementById(graph.getAttribute("aria-describedby") ?? "");
    expect(help?.textContent).toContain("4 spans of 1 services in 100 µs, 3 rows. Shown: 0 ns to");
    const told =
      "pay, shop, error, 10 µs, 10 % of the trace, starts at 80 µs, depth 1, 0 children.";
    expect(screen.getByText(told).getAttribute("aria-live")).toBe("polite");
  });

  it("says that a parent is missing", () => {
    show(drawn("| a |====|\n| lost? | |\n|   b | ==|"), 1);
    expect(screen.getByText(/its parent is missing\.$/)).toBeTruthy();
  });
});
