/** The same error found in three ways: by clicking only, by typing, by the keyboard alone. */

import type { Locator, Page } from "@playwright/test";
import { store, type TraceSpec } from "./harness/otlp";
import { quarter } from "./harness/shop";
import { expect, test } from "./harness/test";

let failed: TraceSpec;

test.beforeAll(async ({ clew }) => {
  const shop = quarter();
  failed = shop.failed;
  await store(clew, shop.traces);
});

test("an error is found by clicking only", async ({ page }) => {
  await page.goto("/");
  const traces = page.getByRole("table", { name: "Traces" });
  await expect(traces).toBeVisible();
  await page.getByRole("checkbox", { name: /^error/ }).click();
  await expect(page).toHaveURL(/q=.*error/);
  await expect(page.getByText("1 trace", { exact: true })).toBeVisible();
  await traces.getByRole("link", { name: /storefront.*POST \/orders/ }).click();
  await expect(page).toHaveURL(new RegExp(failed.id));
  await row(page, /payment.*charge card/).click();
  await seesTheStack(page);
});

test("an error is found by typing a query", async ({ page }) => {
  await page.goto("/traces");
  await page.getByRole("textbox", { name: /query/i }).click();
  await page.keyboard.type('{ service.name = "payment" && status = error }');
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/q=.*payment/);
  await expect(page.getByText("1 trace", { exact: true })).toBeVisible();
  await page
    .getByRole("table", { name: "Traces" })
    .getByRole("link", { name: /POST \/orders/ })
    .click();
  await expect(page).toHaveURL(new RegExp(failed.id));
  await page.keyboard.press("Control+f");
  await page.keyboard.type("northbank");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await expect(row(page, /charge card/)).toBeVisible();
  await row(page, /charge card/).click();
  await seesTheStack(page);
});

test("an error is found, and its stack read, without a mouse", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByRole("table", { name: "Traces" })).toBeVisible();
  await tabTo(page, page.getByRole("checkbox", { name: /^error/ }));
  await page.keyboard.press("Space");
  await expect(page.getByText("1 trace", { exact: true })).toBeVisible();
  await tabTo(page, page.getByRole("link", { name: /storefront.*POST \/orders/ }));
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(new RegExp(failed.id));
  await expect(page.getByRole("tree")).toBeVisible();
  // The root, the order, and the payment have failed; from error to error to where it began.
  for (let errors = 0; errors < 3; errors++) {
    await page.keyboard.press("e");
    await page.keyboard.press("Enter");
    const cause = page.getByRole("heading", { level: 2, name: "charge card" });
    if (
      await cause.waitFor({ timeout: 2000 }).then(
        () => true,
        () => false,
      )
    ) {
      break;
    }
  }
  await seesTheStack(page);
  await tabTo(page, page.getByText(/Traceback/));
  await page.keyboard.press("Escape");
  await expect(page.getByRole("complementary", { name: "Span" })).toBeHidden();
});

test("the keyboard map lists what works on the page", async ({ page }) => {
  await page.goto("/");
  await expect(page.getByRole("table", { name: "Traces" })).toBeVisible();
  await page.keyboard.press("?");
  const map = page.getByRole("dialog");
  await expect(map.getByText("Next row")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(map).toBeHidden();
});

function row(page: Page, name: RegExp): Locator {
  return page.getByRole("treeitem", { name });
}

async function seesTheStack(page: Page): Promise<void> {
  const panel = page.getByRole("complementary", { name: "Span" });
  await expect(panel.getByRole("heading", { name: "charge card" })).toBeVisible();
  await expect(panel.getByText("the bank did not answer")).toBeVisible();
  await expect(panel.getByText("payment.bank.Timeout", { exact: true })).toBeVisible();
  await expect(panel.getByText(/charge\.py", line 88/)).toBeVisible();
}

const MOST_TABS = 150;

/** By the Tab key, as often as it takes. */
async function tabTo(page: Page, target: Locator): Promise<void> {
  for (let presses = 0; presses < MOST_TABS; presses++) {
    await page.keyboard.press("Tab");
    if (await target.evaluate((element) => element === document.activeElement)) return;
  }
  throw new Error(`${MOST_TABS} times Tab do not reach ${target}`);
}
