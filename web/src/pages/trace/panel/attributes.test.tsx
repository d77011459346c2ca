// @vitest-environment happy-dom
import { cleanup, render, screen } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { afterEach, expect, test } from "vitest";
import { TooltipProvider } from "../../../shared/ui/tooltip";
import type { Attributes } from "../span";
import { AttributeList } from "./attributes";

afterEach(cleanup);

function show(attributes: Partial<Attributes>, search = ""): void {
  render(
    <MemoryRouter>
      <TooltipProvider>
        <AttributeList
          scope="span"
          attributes={{ list: [], dropped: 0, cuts: [], ...attributes }}
          search={search}
          hrefOf={(query) => `/traces?${new URLSearchParams({ q: query })}`}
        />
      </TooltipProvider>
    </MemoryRouter>,
  );
}

const HOSTILE = '"><img src=x onerror=alert(1)>';

test("keys and values are text, whatever they hold", () => {
  show({ list: [{ key: HOSTILE, value: { type: "string", text: HOSTILE } }] });
  expect(document.querySelector("img")).toBeNull();
  expect(screen.getAllByText(HOSTILE).length).toBe(2);
});

test("a value leads to the spans that have it, and to those that do not", () => {
  show({ list: [{ key: "odd key", value: { type: "string", text: 'say "hi"' } }] });
  const query = (name: RegExp) => {
    const href = screen.getByRole("link", { name }).getAttribute("href") ?? "";
    return new URL(href, "http://clew").searchParams.get("q");
  };
  expect(query(/spans with this/)).toBe('{ span."odd key" = "say \\"hi\\"" }');
  expect(query(/spans without this/)).toBe('{ !(span."odd key" = "say \\"hi\\"") }');
});

test("what is missing is said", () => {
  show({ dropped: 3, cuts: [{ what: "db.query.text", bytes: 40_000 }] });
  expect(screen.getByText("None were sent.")).toBeTruthy();
  expect(screen.getByText(/3 more were dropped/)).toBeTruthy();
  expect(screen.getByText("db.query.text").closest("p")?.textContent).toContain("40,000 bytes");
});
