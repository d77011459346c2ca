// @vitest-environment happy-dom
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { afterEach, expect, test, vi } from "vitest";
import { RegionForm } from "./region-form";

const NOON = 1_795_348_800_000_000_123n;
const RANGE = { startNs: NOON, endNs: NOON + 3_600_000_000_000n };

afterEach(cleanup);

test("a region can be typed; what is not changed keeps its nanoseconds", async () => {
  const user = userEvent.setup();
  const onSelect = vi.fn();
  render(<RegionForm range={RANGE} zone="utc" selection={null} onSelect={onSelect} />);
  await user.clear(screen.getByLabelText("To"));
  await user.type(screen.getByLabelText("To"), "12:30");
  await user.type(screen.getByLabelText("Shortest duration"), "250ms");
  await user.click(screen.getByRole("switch"));
  await user.click(screen.getByRole("button", { name: "Select" }));
  expect(onSelect).toHaveBeenCalledWith({
    startNs: NOON,
    endNs: NOON - 123n + 1_800_000_000_000n,
    minNs: 250e6,
    status: "error",
  });
});

test("what makes no sense is said and not selected", async () => {
  const user = userEvent.setup();
  const onSelect = vi.fn();
  render(<RegionForm range={RANGE} zone="utc" selection={null} onSelect={onSelect} />);
  await user.type(screen.getByLabelText("Shortest duration"), "2s");
  await user.type(screen.getByLabelText("Longest duration"), "1s");
  await user.click(screen.getByRole("button", { name: "Select" }));
  expect(onSelect).not.toHaveBeenCalled();
  expect(screen.getByText("It is not more than the shortest.")).toBeTruthy();
});
