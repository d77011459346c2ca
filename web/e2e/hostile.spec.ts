/** A corpus of attacks in every field of a span: each is shown as the text it is. */

import type { Locator } from "@playwright/test";
import { CORPUS, hostile } from "./harness/hostile";
import { store, type TraceSpec } from "./harness/otlp";
import { expect, test } from "./harness/test";

const traces = new Map<string, TraceSpec>();

test.beforeAll(async ({ clew }) => {
  for (const [what, text] of CORPUS) traces.set(what, hostile(text));
  await store(clew, [...traces.values()]);
});

// What a trace page asks for is by ids; hostile text in a query may well be refused.
test.use({ allowed: [/status of 400/] });

for (const [what, text] of CORPUS) {
  test(`${what} stays text on the trace page`, async ({ page }) => {
    const trace = traces.get(what) as TraceSpec;
    await page.goto(`/traces/${trace.id}?span=${trace.spans[1]?.id}`);
    const panel = page.getByRole("complementary", { name: "Span" });
    await expect(panel.getByRole("heading", { level: 2 })).toContainText(visible(text));
    await expect(panel.getByText(`status ${visible(text)}`, { exact: true })).toBeVisible();
    await openAll(panel);
    await expect(panel.getByText(`value ${visible(text)}`).first()).toBeVisible();
    await page.keyboard.press("Control+f");
    await page.keyboard.insertText(text.trim());
    await page.keyboard.press("Escape");
    for (const view of ["Flame graph", "Spans", "Waterfall"]) {
      await page.getByRole("button", { name: view, exact: true }).click();
    }
    await page.getByRole("treeitem").nth(1).hover();
  });
}

test("the whole corpus stays text in the explorer", async ({ page }) => {
  await page.goto("/traces");
  const table = page.getByRole("table", { name: "Traces" });
  await expect(table).toBeVisible();
  await expect(table.getByRole("link", { name: /^Trace service/ })).toHaveCount(CORPUS.length);
  const filters = page.getByRole("complementary", { name: "Filters" });
  await expect(filters.getByRole("button", { expanded: false }).first()).toBeVisible();
  await openAll(filters);
  const rows = page.getByRole("group", { name: "Show" });
  await rows.getByRole("button", { name: "Spans" }).click();
  await expect(page.getByRole("table", { name: "Spans" })).toBeVisible();
});

test("hostile addresses stay text", async ({ page }) => {
  for (const [, text] of CORPUS) {
    const query = new URLSearchParams({
      q: text,
      last: text,
      sort: text,
      view: text,
      column: text,
    });
    await page.goto(`/traces?${query}`);
    await expect(page.getByRole("heading", { name: "Trace Explorer" })).toBeVisible();
    // A path that ends like a file's name is no page.
    await page.goto(`/traces/${encodeURIComponent(text.replaceAll(".", ""))}`);
    await expect(page.getByRole("main").getByRole("heading").first()).toBeVisible();
  }
});

const MOST_OPENED = 12;

/** What is closed, one after the other: each that opens is no longer the first. */
async function openAll(part: Locator): Promise<void> {
  const closed = part.getByRole("button", { expanded: false });
  for (let opened = 0; opened < MOST_OPENED && (await closed.count()) > 0; opened++) {
    await closed.first().click();
  }
}

/** As the browser's text has it: white space is folded. */
function visible(text: string): string {
  return text.trim().replace(/\s+/g, " ");
}
