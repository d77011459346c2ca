/** A trace of 100,000 spans is opened, searched and moved through. */

import { large, NEEDLE } from "./harness/large";
import { store } from "./harness/otlp";
import { expect, test } from "./harness/test";

const SPANS = 100_000;

test("a trace of 100,000 spans is opened and searched", async ({ page, clew }) => {
  test.setTimeout(180_000);
  const trace = large(SPANS);
  await store(clew, [trace]);
  await page.goto(`/traces/${trace.id}`);
  const tree = page.getByRole("tree");
  await expect(tree.getByRole("treeitem", { name: /nightly run/ })).toBeVisible();
  await expect(page.getByText("100,000", { exact: true })).toBeVisible();
  // Only the rows in sight are elements.
  expect(await tree.getByRole("treeitem").count()).toBeLessThan(200);

  await page.keyboard.press("Control+f");
  await page.keyboard.type(NEEDLE);
  await expect(page.getByRole("search").getByRole("status")).toHaveText(/^(1|1 of 1)$/);
  await page.keyboard.press("Enter");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Enter");
  const panel = page.getByRole("complementary", { name: "Span" });
  await expect(panel.getByText(NEEDLE)).toBeVisible();

  await page.keyboard.press("End");
  await page.keyboard.press("Home");
  await expect(tree.getByRole("treeitem", { name: /nightly run/ })).toBeVisible();
  await page.keyboard.press("e");
  await page.keyboard.press("Enter");
  await expect(panel.getByText("error", { exact: true })).toBeVisible();
});
