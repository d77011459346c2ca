/** axe finds nothing serious on any page, in both themes. */

import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { store, type TraceSpec, traceId } from "./harness/otlp";
import { quarter } from "./harness/shop";
import { expect, test } from "./harness/test";

let failed: TraceSpec;

test.beforeAll(async ({ clew }) => {
  const shop = quarter();
  failed = shop.failed;
  await store(clew, shop.traces);
});

for (const theme of ["light", "dark"] as const) {
  test.describe(`in the ${theme} theme`, () => {
    test.use({ colorScheme: theme });

    test("the explorer", async ({ page }) => {
      await page.goto("/traces");
      await expect(page.getByRole("table", { name: "Traces" })).toBeVisible();
      await nothingSerious(page);
      await page.goto("/traces?view=spans&q=%7B+status+%3D+error+%7D");
      await expect(page.getByRole("table", { name: "Spans" })).toBeVisible();
      await nothingSerious(page);
    });

    test("the explorer with nothing found", async ({ page }) => {
      await page.goto("/traces?q=%7B+name+%3D+%22there+is+none%22+%7D");
      // A busy machine looks at a part of the range, and says so.
      const further = page.getByRole("button", { name: "Look further back" });
      await expect(async () => {
        if (await further.isVisible()) await further.click();
        await expect(page.getByText("Nothing matches")).toBeVisible({ timeout: 2_000 });
      }).toPass({ timeout: 90_000 });
      await nothingSerious(page);
    });

    test("the time range and the keyboard map", async ({ page }) => {
      await page.goto("/traces");
      await expect(page.getByRole("table", { name: "Traces" })).toBeVisible();
      await page.keyboard.press("t");
      await expect(page.getByRole("dialog")).toBeVisible();
      await nothingSerious(page);
      await page.keyboard.press("Escape");
      await page.keyboard.press("?");
      await expect(page.getByRole("dialog")).toBeVisible();
      await nothingSerious(page);
    });

    test("a trace in all its views", async ({ page }) => {
      await page.goto(`/traces/${failed.id}?span=${failed.spans[3]?.id}`);
      await expect(page.getByText(/charge\.py", line 88/)).toBeVisible();
      await nothingSerious(page);
      for (const view of ["Flame graph", "Spans"]) {
        await page.getByRole("button", { name: view, exact: true }).click();
        await nothingSerious(page);
      }
    });

    test("Send data", async ({ page, empty }) => {
      await page.goto(`${empty.ui}/send`);
      await expect(page.getByRole("button", { name: "Send a test trace" })).toBeVisible();
      await nothingSerious(page);
      await page.goto(`${empty.ui}/traces`);
      await expect(page.getByRole("main").getByRole("heading").first()).toBeVisible();
      await nothingSerious(page);
    });

    test("no such page", async ({ page }) => {
      await page.goto("/nothing-here");
      await expect(page.getByText("There is no page at this address")).toBeVisible();
      await nothingSerious(page);
    });

    test.describe("what is not there", () => {
      test.use({ allowed: [/404/] });

      test("no such trace", async ({ page }) => {
        await page.goto(`/traces/${traceId()}`);
        await expect(page.getByRole("main")).toContainText(/never|not/i);
        await nothingSerious(page);
      });
    });
  });
}

async function nothingSerious(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
  expect.soft(found).toEqual([]);
}
