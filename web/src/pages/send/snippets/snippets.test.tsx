// @vitest-environment happy-dom
import { cleanup, render, screen, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { BrowserRouter } from "react-router";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LANGUAGES, stepsOf } from "./catalogue";
import { type Asked, render as fill, valuesOf } from "./render";
import { Snippets } from "./snippets";

const ASKED: Asked = {
  endpoint: "http://127.0.0.1:4318",
  grpcEndpoint: "http://127.0.0.1:4317",
  serviceName: "checkout",
  apiKey: null,
};

beforeEach(() => window.history.replaceState(null, "", "/send"));
afterEach(cleanup);

function show(asked: Partial<Asked> = {}): void {
  render(
    <BrowserRouter>
      <Snippets {...ASKED} {...asked} />
    </BrowserRouter>,
  );
}

function code(label: string): string | null {
  return screen.getByRole("region", { name: label }).textContent;
}

test("the chosen language is in the address, by mouse and by keyboard", async () => {
  const user = userEvent.setup();
  show();
  await user.click(screen.getByRole("tab", { name: "Java" }));
  expect(window.location.search).toBe("?lang=java");
  expect(code("Run")).toContain("-javaagent:opentelemetry-javaagent.jar");
  await user.keyboard("{ArrowRight}{Enter}");
  expect(window.location.search).toBe("?lang=go");
  expect(within(screen.getByRole("tabpanel")).getByText("tracing.go")).toBeTruthy();
});

test("a language that nobody knows is the first one", () => {
  window.history.replaceState(null, "", "/send?lang=cobol");
  show();
  expect(screen.getByRole("tab", { name: "Python" }).getAttribute("aria-selected")).toBe("true");
});

test("name, address and key are filled in, and what is copied is what is shown", async () => {
  const user = userEvent.setup();
  show({ serviceName: "it's $(mine)", apiKey: "kf_0" });
  const shown = code("Configure");
  expect(shown).toContain(`export OTEL_SERVICE_NAME='it'"'"'s $(mine)'`);
  expect(shown).toContain("export OTEL_EXPORTER_OTLP_HEADERS=kf-api-key=kf_0");
  await user.click(screen.getByRole("button", { name: "Copy: Configure" }));
  expect(await navigator.clipboard.readText()).toBe(`${shown}\n`);
});

test("a pod is told that it cannot reach loopback", () => {
  window.history.replaceState(null, "", "/send?lang=kubernetes");
  show();
  expect(screen.getByText(/A pod cannot reach 127.0.0.1:4318/)).toBeTruthy();
  cleanup();
  show({ endpoint: "http://clew.example:4318" });
  expect(screen.queryByText(/A pod cannot reach/)).toBeNull();
});

test("what was not run by tests says so", () => {
  const proof = Object.fromEntries(LANGUAGES.map(({ id, proof }) => [id, proof]));
  expect(proof).toMatchObject({ go: "run", kubernetes: "variables", rust: "documentation" });
  window.history.replaceState(null, "", "/send?lang=rust");
  show();
  expect(screen.getByText("Taken from its documentation")).toBeTruthy();
  expect(screen.getByRole("link").getAttribute("rel")).toBe("noreferrer noopener");
});

test("steps for a key and for TLS are there only with a key or TLS", () => {
  const titles = (asked: Partial<Asked>) =>
    stepsOf("kubernetes", valuesOf({ ...ASKED, ...asked })).map(({ title }) => title);
  expect(titles({})).not.toContain("Keep the key in a Secret");
  expect(titles({ apiKey: "kf_0" })).toContain("Keep the key in a Secret");
  const tls = (endpoint: string) =>
    stepsOf("python", valuesOf({ ...ASKED, endpoint })).filter(({ template }) =>
      template.includes("OTEL_EXPORTER_OTLP_CERTIFICATE"),
    ).length;
  expect([tls("http://x:1"), tls("https://x:1")]).toEqual([0, 1]);
});

test.each(LANGUAGES)("$name fills every place of its templates", ({ id, docs }) => {
  const values = valuesOf({ ...ASKED, apiKey: "kf_0", endpoint: "https://x:1" });
  const filled = stepsOf(id, values).map(({ template }) => fill(template, values));
  expect(filled.join("\n")).not.toMatch(/\{\{|undefined|null/);
  expect(new URL(docs).hostname).toBe("opentelemetry.io");
});
