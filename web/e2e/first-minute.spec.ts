/** From a Clew that has nothing to somebody's own first trace. */

import { ago, send, store, traceId } from "./harness/otlp";
import { order } from "./harness/shop";
import { expect, test } from "./harness/test";

test("a Clew without data opens the page that waits", async ({ page, empty }) => {
  await page.goto(`${empty.ui}/`);
  await expect(page.getByRole("heading", { name: "Send data" })).toBeVisible();
  const strip = page.getByRole("list", { name: "How far the first data has come" });
  await expect(strip.getByRole("listitem").first()).toContainText("waiting");
  await expect(page.getByText(empty.otlp, { exact: true })).toBeVisible();
});

test("the first trace opens by itself", async ({ page, empty }) => {
  await page.goto(`${empty.ui}/send`);
  const strip = page.getByRole("list", { name: "How far the first data has come" });
  await expect(strip).toBeVisible();
  const first = order(ago(1), true);
  await send(empty.otlp, first);
  await expect(page).toHaveURL(new RegExp(first.id), { timeout: 30_000 });
  await expect(page.getByRole("tree")).toContainText("charge card");
});

test("the explorer has what came while the page waited", async ({ page, empty }) => {
  await page.goto(`${empty.ui}/send`);
  await page.getByRole("textbox", { name: "Service name" }).fill("shop");
  await page.waitForTimeout(2000);
  await send(empty.otlp, order(ago(0), true));
  await expect(page.getByRole("link", { name: "Open this trace" })).toBeVisible();
  await page.getByRole("link", { name: "Trace Explorer" }).first().click();
  await expect(page.getByRole("table", { name: "Traces" }).getByRole("row")).toHaveCount(2);
});

test("a test trace is sent and opened from the page", async ({ page, empty }) => {
  await page.goto(`${empty.ui}/send`);
  await page.getByRole("button", { name: "Send a test trace" }).click();
  await page.getByRole("link", { name: "open the test trace" }).click({ timeout: 30_000 });
  await expect(page.getByRole("tree").getByRole("treeitem").first()).toBeVisible();
});

test("a request that is refused is told, with what to do", async ({ page, empty }) => {
  await page.goto(`${empty.ui}/send`);
  await expect(page.getByRole("heading", { name: "Send data" })).toBeVisible();
  const answer = await fetch(`${empty.otlp}/v1/traces`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{ this is no JSON",
  });
  expect(answer.status).toBe(400);
  await expect(page.getByRole("region", { name: "Turned away" })).toBeVisible({ timeout: 30_000 });
});

test.describe("what is not there", () => {
  test.use({ allowed: [/404/] });

  test("a trace that was never sent is explained", async ({ page, clew }) => {
    await store(clew, [order(ago(10))]);
    await page.goto(`/traces/${traceId()}`);
    await expect(page.getByRole("main")).toContainText(/never|no span|not/i);
  });
});
