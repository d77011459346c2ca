/** Writes the pictures of the docs, from the demo shop; `make screenshots`. */

import { mkdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "@playwright/test";
import { clewCommand, until } from "./harness/server";
import { expect, test } from "./harness/test";

const FOLDER = fileURLToPath(new URL("../../docs/images/", import.meta.url));
const MOST_BYTES = 250_000;
const HISTORY = ["--history", "40m", "--duration", "5s", "--rate", "3", "--seed", "7"];

interface Answer {
  traces: { traceId: string; spanCount: number; errorCount: number }[];
}

test.use({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" } as object);

test.beforeAll(async ({ clew }) => {
  test.setTimeout(180_000);
  mkdirSync(FOLDER, { recursive: true });
  await clewCommand(["demo", "--endpoint", clew.otlp, ...HISTORY]);
  await until(
    async () => (await traces(clew.ui, "{ status = error }")).length > 5,
    60_000,
    () => "the demo's errors were not stored",
  );
});

for (const theme of ["light", "dark"] as const) {
  test.describe(theme, () => {
    test.use({ colorScheme: theme });

    test("the explorer", async ({ page }) => {
      await page.goto("/traces");
      await expect(page.getByRole("table", { name: "Traces" })).toBeVisible();
      await take(page, `explorer-${theme}`);
    });

    test("a trace and its flame graph", async ({ page, clew }) => {
      // The largest of those that failed: there is most to see in it.
      const failed = await traces(clew.ui, "{ status = error }");
      const [most] = failed.sort((a, b) => b.spanCount - a.spanCount);
      await page.goto(`/traces/${most?.traceId}`);
      await expect(page.getByRole("treeitem").first()).toBeVisible();
      // To where the error began.
      for (let at = 0; at < (most?.errorCount ?? 1); at++) await page.keyboard.press("e");
      await page.keyboard.press("Enter");
      await expect(page.getByRole("complementary", { name: "Span" })).toContainText("Resource");
      await take(page, `trace-${theme}`);
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "Flame graph" }).click();
      await take(page, `flame-${theme}`);
    });

    test("the first minute", async ({ page, empty }) => {
      await page.goto(`${empty.ui}/send`);
      await expect(page.getByRole("button", { name: "Send a test trace" })).toBeVisible();
      await take(page, `first-minute-${theme}`);
    });
  });
}

async function traces(ui: string, query: string): Promise<Answer["traces"]> {
  const answer = await fetch(`${ui}/api/v1/search?${new URLSearchParams({ q: query })}`);
  return ((await answer.json()) as Answer).traces ?? [];
}

async function take(page: Page, name: string): Promise<void> {
  await page.waitForLoadState("networkidle");
  const path = `${FOLDER}${name}.png`;
  await page.screenshot({ path, animations: "disabled", caret: "hide" });
  expect(statSync(path).size, `${name}.png is small enough for a README`).toBeLessThan(MOST_BYTES);
}
