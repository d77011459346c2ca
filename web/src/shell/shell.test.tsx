// @vitest-environment happy-dom
import { cleanup, render, screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactNode } from "react";
import { BrowserRouter, useLocation } from "react-router";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ApiProvider } from "../api/provider";
import { RefreshProvider } from "../route/time";
import { listenForShortcuts } from "../shared/shortcuts";
import { Page } from "./page";
import { Shell } from "./shell";
import { rangeText, TimeControls } from "./time-controls";

beforeEach(() => {
  window.history.replaceState(null, "", "/traces");
  vi.stubGlobal("matchMedia", () => new EventTarget());
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

function App(): ReactNode {
  return (
    <ApiProvider>
      <BrowserRouter>
        <RefreshProvider>
          <Shell>
            <Page title="Test" aside={<TimeControls />}>
              <Where />
            </Page>
          </Shell>
        </RefreshProvider>
      </BrowserRouter>
    </ApiProvider>
  );
}

function Where(): ReactNode {
  const { pathname, search } = useLocation();
  return <output>{pathname + search}</output>;
}

function where(): string | null {
  return screen.getByRole("status", { hidden: true }).textContent;
}

test("a range that was chosen is in the address and goes along to other pages", async () => {
  const user = userEvent.setup();
  render(<App />);
  await user.click(screen.getByRole("button", { name: "Last 1h" }));
  await user.click(await screen.findByRole("button", { name: "15m" }));
  expect(where()).toBe("/traces?last=15m");
  await user.click(screen.getByRole("link", { name: "Send data" }));
  expect(where()).toBe("/send?last=15m");
});

test("times that cannot be read are said to be, and the range stays", async () => {
  const user = userEvent.setup();
  render(<App />);
  await user.click(screen.getByRole("button", { name: "Last 1h" }));
  const from = await screen.findByLabelText("From");
  await user.clear(from);
  await user.type(from, "yesterday");
  await user.click(screen.getByRole("button", { name: "Use these times" }));
  expect(from.getAttribute("aria-invalid")).toBe("true");
  expect(where()).toBe("/traces");
});

test("the keyboard map lists what works on the page", async () => {
  const stop = listenForShortcuts();
  const user = userEvent.setup();
  render(<App />);
  await user.keyboard("?");
  await waitFor(() => screen.getByRole("dialog", { name: "Keyboard map" }));
  expect(screen.getByText("Choose the time range")).toBeTruthy();
  stop();
});

test("a range within a day says the day once", () => {
  const startNs = 1_795_348_800_000_000_000n;
  const range = { kind: "between", startNs, endNs: startNs + 3_600_000_000_000n } as const;
  expect(rangeText(range, "utc")).toBe("2026-11-22 12:00 – 13:00 UTC");
});
