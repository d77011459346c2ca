/** `test` with a server, and with guards around every page: what no test may ever see. */

import { test as base, type ConsoleMessage, expect, type Page } from "@playwright/test";
import { type Clew, startClew } from "./server";

export { expect };

interface ForTest {
  /** Messages of the browser's console that a test brings about on purpose. */
  allowed: RegExp[];
  guards: undefined;
  /** A server that nobody has sent anything to. */
  empty: Clew;
}

export const test = base.extend<ForTest, { clew: Clew }>({
  clew: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of what is needed
    async ({}, use) => {
      const clew = await startClew();
      await use(clew);
      await clew.stop();
    },
    { scope: "worker", timeout: 90_000 },
  ],
  empty: async ({ page }, use) => {
    const clew = await startClew();
    await use(clew);
    // A page that goes on asking would miss the server.
    await page.goto("about:blank");
    await clew.stop();
  },
  baseURL: async ({ clew }, use) => use(clew.ui),
  allowed: [[], { option: true }],
  guards: [
    async ({ context, page, allowed }, use) => {
      const troubles: string[] = [];
      context.on("page", (opened) => watch(opened, allowed, troubles));
      watch(page, allowed, troubles);
      await context.addInitScript(() => {
        document.addEventListener("securitypolicyviolation", (event) => {
          // biome-ignore lint/suspicious/noConsole: the guard above listens there
          console.error(`policy: ${event.violatedDirective} forbids ${event.blockedURI}`);
        });
      });
      await use(undefined);
      for (const opened of context.pages()) await noForeignElements(opened, troubles);
      expect(troubles, "what no page may do").toEqual([]);
    },
    { auto: true },
  ],
});

function watch(page: Page, allowed: readonly RegExp[], troubles: string[]): void {
  page.on("dialog", (dialog) => {
    troubles.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("pageerror", (error) => troubles.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (!["error", "warning"].includes(message.type())) return;
    const text = textOf(message);
    if (!allowed.some((pattern) => pattern.test(text))) troubles.push(`console: ${text}`);
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol === "data:" || url.protocol === "blob:") return;
    // Only what belongs to a page of ours: about:blank asks for nothing.
    const own = new URL(request.frame().page().mainFrame().url());
    const target = request.isNavigationRequest() ? url : own;
    if (url.hostname !== "127.0.0.1" || url.origin !== target.origin) {
      troubles.push(`request to another origin: ${url}`);
    }
  });
}

function textOf(message: ConsoleMessage): string {
  return `${message.text()} (${message.location().url})`;
}

/** Nothing that telemetry said has become an element, a script or an address. */
async function noForeignElements(page: Page, troubles: string[]): Promise<void> {
  if (!page.url().startsWith("http")) return;
  const found = await page.evaluate(() => {
    const bad: string[] = [];
    if ("planted" in window) bad.push("a planted script ran");
    const never = "iframe, frame, object, embed, applet, base, [data-planted], [onerror], [onload]";
    for (const one of document.querySelectorAll(never)) bad.push(one.outerHTML.slice(0, 200));
    for (const script of document.scripts) {
      if (new URL(script.src, location.href).origin !== location.origin) bad.push(script.outerHTML);
    }
    for (const link of document.querySelectorAll<HTMLAnchorElement>("a[href]")) {
      const foreign = link.origin !== location.origin;
      const careful = /\bnoopener\b/.test(link.rel) && /\bnoreferrer\b/.test(link.rel);
      if (!/^https?:$/.test(link.protocol) || (foreign && !careful)) bad.push(link.outerHTML);
    }
    return bad;
  });
  troubles.push(...found.map((one) => `element: ${one}`));
}
