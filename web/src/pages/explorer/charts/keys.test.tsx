// @vitest-environment happy-dom
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactNode } from "react";
import { afterEach, expect, test, vi } from "vitest";
import type { Region } from "../region";
import { gridOf } from "./grid";
import { useCellKeys } from "./keys";

const NOON = 1_795_348_800_000_000_000n;
const SECOND = 1_000_000_000n;
const bucket = {
  startNs: NOON + 3n * SECOND,
  spans: 5,
  ok: 0,
  unset: 5,
  errors: 0,
  durations: [5],
  errorDurations: [],
  p50Ns: 1,
  p95Ns: 1,
  p99Ns: 1,
};
const grid = gridOf(
  {
    widthNs: SECOND,
    boundsNs: [1024, 1280],
    buckets: [bucket],
    coveredFromNs: NOON,
    coveredToNs: NOON,
    limitedBy: null,
  },
  { startNs: NOON, endNs: NOON + 10n * SECOND - 1n },
  40,
);

function Cells({ onSelect }: { onSelect: (region: Region | null) => void }): ReactNode {
  const keys = useCellKeys(grid, false, onSelect, true);
  return (
    <div ref={keys.ref} role="application" tabIndex={-1} onKeyDown={keys.onKeyDown}>
      {keys.cell ? keys.cell.column : "nowhere"}
    </div>
  );
}

afterEach(cleanup);

test("arrow keys move from the strongest cell, Shift grows a region, Enter selects it", async () => {
  const user = userEvent.setup();
  const onSelect = vi.fn();
  render(<Cells onSelect={onSelect} />);
  screen.getByRole("application").focus();
  await user.keyboard("{ArrowRight}");
  expect(screen.getByRole("application").textContent).toBe("3");
  await user.keyboard("{Shift>}{ArrowRight}{ArrowUp}{/Shift}{Enter}");
  const region: Region = onSelect.mock.lastCall?.[0];
  expect(region).toEqual({
    startNs: NOON + 3n * SECOND,
    endNs: NOON + 5n * SECOND,
    minNs: 1024,
    maxNs: 1536,
  });
  await user.keyboard("{Escape}");
  expect(onSelect).toHaveBeenLastCalledWith(null);
  expect(screen.getByRole("application").textContent).toBe("nowhere");
});
