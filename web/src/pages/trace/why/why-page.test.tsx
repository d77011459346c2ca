// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { cleanup, render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { MemoryRouter, Route, Routes, useParams } from "react-router";
import { afterEach, expect, test, vi } from "vitest";
import type { components } from "../../../api/types.gen";
import { WhyPage } from "./why-page";

const ID = "0af7651916cd43dd8448eb211c80319c";
const ANSWER: components["schemas"]["WhyAnswer"] = {
  traceId: ID,
  form: "a trace id",
  sampled: null,
  verdict: "never_arrived",
  sentence: "It never came.",
  hint: "Look at the sender.",
  facts: [{ kind: "arrivals", sentence: "9 spans came.", count: 9, first: null, last: null }],
  spanCount: 0,
  missingParentCount: 0,
  startTimeUnixNano: "1",
  endTimeUnixNano: "2",
};

function AtId() {
  return <WhyPage id={useParams().id ?? ""} />;
}

function open(): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    asked.push(request.url);
    return Response.json(ANSWER);
  });
  render(
    <QueryClientProvider client={new QueryClient()}>
      <MemoryRouter initialEntries={[`/traces/${ID}`]}>
        <Routes>
          <Route path="/traces/:id" element={<AtId />} />
        </Routes>
      </MemoryRouter>
    </QueryClientProvider>,
  );
  return asked;
}

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

test("the same trace is asked for again at another time", async () => {
  const asked = open();
  const user = userEvent.setup();
  expect(await screen.findByText("It never came.")).toBeTruthy();
  const when = screen.getByRole("textbox", { name: /When it should have come/ });
  await user.type(when, "2026-11-22T12:00:00Z{Enter}");
  await vi.waitFor(() => expect(asked.length).toBe(2));
  expect(asked[0]).not.toContain("time=");
  expect(asked[1]).toContain(`/api/v1/why/${ID}?time=1795348800000000000`);
});

test("a time that cannot be read is said and nothing is asked", async () => {
  const asked = open();
  const user = userEvent.setup();
  await screen.findByText("It never came.");
  await user.type(screen.getByRole("textbox", { name: /When it should/ }), "tea time{Enter}");
  expect(screen.getByText(/Write it as/)).toBeTruthy();
  expect(asked.length).toBe(1);
});
