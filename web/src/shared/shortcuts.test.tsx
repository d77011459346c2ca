// @vitest-environment happy-dom
import { cleanup, fireEvent, render } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { listenForShortcuts, useShortcut } from "./shortcuts";

let stop = () => {};

beforeEach(() => {
  stop = listenForShortcuts();
});

afterEach(() => {
  stop();
  cleanup();
});

function Keys({ keys, run }: { keys: string; run: () => void }): ReactNode {
  useShortcut(keys, "does it", "Test", run);
  return (
    <>
      <input aria-label="text" />
      <button type="button">button</button>
      <div role="menu">
        <span tabIndex={-1}>inside</span>
      </div>
    </>
  );
}

function press(element: Element, init: KeyboardEventInit): void {
  fireEvent.keyDown(element, { bubbles: true, ...init });
}

test("a key runs its action, and not while somebody types", () => {
  const run = vi.fn();
  const { getByLabelText } = render(<Keys keys="j" run={run} />);
  press(document.body, { key: "j" });
  press(getByLabelText("text"), { key: "j" });
  press(document.body, { key: "j", ctrlKey: true });
  expect(run).toHaveBeenCalledTimes(1);
});

test("a command runs while somebody types", () => {
  const run = vi.fn();
  const { getByLabelText } = render(<Keys keys="mod+f" run={run} />);
  press(getByLabelText("text"), { key: "f", ctrlKey: true });
  press(getByLabelText("text"), { key: "F", metaKey: true });
  expect(run).toHaveBeenCalledTimes(2);
});

test("two keys after each other are one shortcut", () => {
  const run = vi.fn();
  render(<Keys keys="g t" run={run} />);
  press(document.body, { key: "t" });
  expect(run).not.toHaveBeenCalled();
  press(document.body, { key: "g" });
  press(document.body, { key: "t" });
  expect(run).toHaveBeenCalledTimes(1);
});

test("what is behind a menu does not react", () => {
  const run = vi.fn();
  const { getByText } = render(<Keys keys="j" run={run} />);
  press(getByText("inside"), { key: "j" });
  expect(run).not.toHaveBeenCalled();
});

test("Enter on a button is the button's", () => {
  const run = vi.fn();
  const { getByText } = render(<Keys keys="Enter" run={run} />);
  press(getByText("button"), { key: "Enter" });
  expect(run).not.toHaveBeenCalled();
  press(document.body, { key: "Enter" });
  expect(run).toHaveBeenCalledTimes(1);
});

test("the action of the last render runs, and none after the end", () => {
  const first = vi.fn();
  const second = vi.fn();
  const { rerender, unmount } = render(<Keys keys="j" run={first} />);
  rerender(<Keys keys="j" run={second} />);
  press(document.body, { key: "j" });
  unmount();
  press(document.body, { key: "j" });
  expect(first).not.toHaveBeenCalled();
  expect(second).toHaveBeenCalledTimes(1);
});
