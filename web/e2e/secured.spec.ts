/** A Clew that asks for keys, and one behind TLS: the first minute there. */

import { join } from "node:path";
import type { Page } from "@playwright/test";
import { type Clew, certificates, clewCommand, newFolder, startClew } from "./harness/server";
import { expect, test } from "./harness/test";

let clew: Clew | null = null;

test.afterEach(async ({ page }) => {
  // A page that goes on asking would miss the server.
  await page.goto("about:blank");
  await clew?.stop();
  clew = null;
});

/** The lines of a snippet, as the page shows them. */
async function snippet(page: Page, language: string): Promise<string> {
  await page.getByRole("tab", { name: language }).click();
  return (await page.getByRole("tabpanel").innerText()).trim();
}

test.describe("with keys", () => {
  test.use({ allowed: [/401/] });

  test("a key opens the page, another is made there, and a trace sent with it opens", async ({
    page,
  }) => {
    const folder = newFolder();
    const admin = ["keys", "create", "admin", "--scope", "admin", "--data-dir", folder, "--json"];
    const { key } = JSON.parse(await clewCommand(admin)) as { key: string };
    clew = await startClew({ folder, options: ["--require-keys"] });
    await page.goto(`${clew.ui}/send`);

    const dialog = page.getByRole("dialog", { name: "This Clew asks for an API key" });
    await dialog.getByLabel("API key").fill("kf_not-a-key");
    await dialog.getByRole("button", { name: "Use this key" }).click();
    await expect(dialog).toContainText(/has 12 characters and should have/);
    await dialog.getByLabel("API key").fill(key);
    await dialog.getByRole("button", { name: "Use this key" }).click();
    await expect(dialog).toBeHidden();
    await expect(page.getByRole("status").first()).toHaveText(/Waiting for|Somebody/);

    const refused = await fetch(`${clew.otlp}/v1/traces`, { method: "POST", body: "" });
    expect(refused.status).toBe(401);
    await expect(page.getByRole("region", { name: "Turned away" })).toContainText(/key/);

    await page.getByRole("button", { name: "Create a key for sending" }).click();
    const made = await page.getByText(/^kf_\w+$/).innerText();
    expect(made).not.toBe(key);
    expect(await snippet(page, "curl")).toContain(made);

    await page.getByRole("button", { name: "Send a test trace" }).click();
    await page.getByRole("link", { name: "open the test trace" }).click();
    await expect(page.getByRole("treeitem").first()).toBeVisible();
  });
});

test.describe("behind TLS", () => {
  test.use({ ignoreHTTPSErrors: true });

  test("addresses and snippets are of https, and a trace that came by it opens", async ({
    page,
  }) => {
    clew = await startClew({ tls: true });
    await page.goto(`${clew.ui}/send`);
    await expect(page.getByText(clew.otlp, { exact: true })).toBeVisible();
    expect(await snippet(page, "Python")).toContain(clew.otlp);
    await expect(page.getByRole("button", { name: "Start the demo shop" })).toBeDisabled();

    const ca = join(certificates(clew.folder), "ca.pem");
    await clewCommand(["send", "--endpoint", clew.otlp, "--ca", ca]);
    await expect(page.getByRole("status").first()).toHaveText(/test trace is here/);
    await page.goto(`${clew.ui}/traces`);
    await page.getByRole("row").nth(1).click();
    await expect(page.getByRole("treeitem").first()).toBeVisible();
  });
});
