// @vitest-environment happy-dom
import { afterEach, expect, test, vi } from "vitest";
import { ApiError, api, storeKey, unwrap } from "./client";

afterEach(() => {
  vi.unstubAllGlobals();
  sessionStorage.clear();
});

/** Stands for the network. */
function answering(response: () => Response): { requests: Request[] } {
  const requests: Request[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    requests.push(request);
    return response();
  });
  return { requests };
}

test("an error of the server is one, with its hint and position", async () => {
  const error = { code: "invalid_query", message: "No.", hint: "Yes.", position: 3 };
  answering(() => Response.json({ error }, { status: 400 }));
  const asked = unwrap(api.GET("/api/v1/services"));
  await expect(asked).rejects.toEqual(new ApiError(400, "invalid_query", "No.", "Yes.", 3));
});

test("an error of something between is told by its status", async () => {
  answering(() => new Response("<h1>Bad Gateway</h1>", { status: 502 }));
  await expect(unwrap(api.GET("/api/v1/services"))).rejects.toMatchObject({
    status: 502,
    message: "Clew answered with status 502.",
  });
});

test("a server that is not there is said to be", async () => {
  vi.stubGlobal("fetch", async () => {
    throw new TypeError("Failed to fetch");
  });
  await expect(unwrap(api.GET("/api/v1/services"))).rejects.toMatchObject({ code: "unreachable" });
});

test("an answer that is no JSON is said to be none", async () => {
  answering(() => new Response("<html>", { status: 200 }));
  await expect(unwrap(api.GET("/api/v1/services"))).rejects.toMatchObject({ code: "not_json" });
});

test("the key of this tab goes along, and only then", async () => {
  const { requests } = answering(() => Response.json({ services: [] }));
  await unwrap(api.GET("/api/v1/services"));
  storeKey("kf_secret");
  await unwrap(api.GET("/api/v1/services"));
  expect(requests.map((one) => one.headers.get("kf-api-key"))).toEqual([null, "kf_secret"]);
});

test.each([
  [401, "missing_key", true],
  [403, "wrong_scope", true],
  [403, "wrong_host", false],
  [400, "invalid_query", false],
])("status %d %s asks for a key: %s", (status, code, asks) => {
  expect(new ApiError(status, code, "").asksForKey).toBe(asks);
});
