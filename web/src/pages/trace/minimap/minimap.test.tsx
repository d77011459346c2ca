// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { type ReactNode, useState } from "react";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sketched } from "../../../trace/testing/drawn";
import { wholeZoom, type Zoom } from "../../../trace/zoom";
import { Minimap } from "./minimap";

const MODEL = sketched([{ parent: -1, start: 0, duration: 100_000 }]);

const seen: { zoom: Zoom; hows: string[] } = { zoom: wholeZoom(1), hows: [] };

function Page({ first = wholeZoom(MODEL.durationNs) }: { first?: Zoom }): ReactNode {
  const [zoom, setZoom] = useState(first);
  seen.zoom = zoom;
  return (
    <Minimap
      model={MODEL}
      zoom={zoom}
      series={Uint8Array.of(0)}
      onZoom={(next, how) => {
        seen.hows.push(how);
        setZoom(next);
      }}
    />
  );
}

/** A hundred pixels wide. */
function area(): HTMLElement {
  const element = screen.getByTestId("minimap");
  element.getBoundingClientRect = () => new DOMRect(0, 0, 100, 64);
  return element;
}

function drag(element: Element, ...places: number[]): void {
  const [first = 0, ...rest] = places;
  const at = (clientX: number) => ({ clientX, pointerId: 1, button: 0, bubbles: true });
  fireEvent.pointerDown(element, at(first));
  for (const place of rest) fireEvent.pointerMove(element, at(place));
  fireEvent.pointerUp(element, at(rest.at(-1) ?? first));
}

beforeEach(() => {
  seen.hows = [];
  Element.prototype.setPointerCapture = () => {};
});

afterEach(cleanup);

describe("the minimap", () => {
  it("zooms to what is dragged over, from either side", () => {
    render(<Page />);
    drag(area(), 20, 30, 60);
    expect(seen).toEqual({ zoom: { from: 20_000, to: 60_000 }, hows: ["push"] });
    drag(area(), 90, 75);
    expect(seen.zoom).toEqual({ from: 75_000, to: 90_000 });
  });

  it("moves what is shown to a click, and does nothing when all is shown", () => {
    render(<Page />);
    drag(area(), 80);
    expect(seen.hows).toEqual([]);
    drag(area(), 10, 30);
    drag(area(), 80);
    expect(seen.zoom).toEqual({ from: 70_000, to: 90_000 });
  });

  it("moves what is shown by its grip, as one step in the history", () => {
    render(<Page first={{ from: 20_000, to: 40_000 }} />);
    const grip = area().querySelector("[data-grip]");
    if (!grip) throw new Error("no grip");
    drag(grip, 25, 35, 45);
    expect(seen).toEqual({ zoom: { from: 40_000, to: 60_000 }, hows: ["push", "replace"] });
  });

  it.each([
    ["Start of what is shown", "ArrowRight", { from: 21_000, to: 40_000 }],
    ["Start of what is shown", "Home", { from: 0, to: 40_000 }],
    ["Start of what is shown", "End", { from: 39_900, to: 40_000 }],
    ["End of what is shown", "ArrowLeft", { from: 20_000, to: 39_000 }],
    ["End of what is shown", "PageUp", { from: 20_000, to: 50_000 }],
    ["End of what is shown", "End", { from: 20_000, to: 100_000 }],
  ])("has its %s moved by %s", (name, key, expected) => {
    render(<Page first={{ from: 20_000, to: 40_000 }} />);
    fireEvent.keyDown(screen.getByRole("slider", { name }), { key });
    expect(seen.zoom).toEqual(expected);
  });

  it("shows all again on Escape and on a double click", () => {
    render(<Page first={{ from: 20_000, to: 40_000 }} />);
    const handle = screen.getByRole("slider", { name: "Start of what is shown" });
    expect(handle.getAttribute("aria-valuetext")).toBe("20 µs");
    fireEvent.keyDown(handle, { key: "Escape" });
    expect(seen.zoom).toEqual({ from: 0, to: 100_000 });
    drag(area(), 20, 60);
    fireEvent.doubleClick(area());
    expect(seen.zoom).toEqual({ from: 0, to: 100_000 });
  });
});
