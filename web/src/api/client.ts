/** The one way to the API: typed by its document, with the key if one was asked for. */

import createClient from "openapi-fetch";
import type { paths } from "./types.gen";

const KEY_ITEM = "clew.key";
const KEY_HEADER = "kf-api-key";
const TIMEOUT_MS = 60_000;

/** Why a question was not answered; `code` is for programs, `hint` says what to do. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly hint: string | null = null,
    readonly position: number | null = null,
  ) {
    super(message);
  }

  /** A key is missing, wrong, or not for this. */
  get asksForKey(): boolean {
    return this.status === 401 || (this.status === 403 && this.code === "wrong_scope");
  }
}

export function asksForKey(error: unknown): error is ApiError {
  return error instanceof ApiError && error.asksForKey;
}

export const api = createClient<paths>({
  baseUrl: "/",
  fetch: async (request) => {
    const key = storedKey();
    if (key) request.headers.set(KEY_HEADER, key);
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    return fetch(request, { signal: AbortSignal.any([request.signal, timeout]) });
  },
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** The data of an answer, or its `ApiError`. */
export async function unwrap<T>(asked: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>;
  try {
    answer = await asked;
  } catch (error) {
    throw asApiError(error);
  }
  if (answer.response.ok && answer.data !== undefined) return answer.data;
  throw errorOf(answer.response.status, answer.error);
}

function asApiError(error: unknown): unknown {
  if (!(error instanceof Error) || error.name === "AbortError") return error;
  if (error.name === "TimeoutError") {
    return new ApiError(
      0,
      "timeout",
      "Clew did not answer within a minute.",
      "Ask for a shorter range.",
    );
  }
  if (error instanceof SyntaxError) {
    return new ApiError(0, "not_json", "What answered is not Clew.", "Look what is on this port.");
  }
  const where = window.location.host;
  return new ApiError(
    0,
    "unreachable",
    `Clew at ${where} does not answer.`,
    "Is clew serve running?",
  );
}

function errorOf(status: number, body: unknown): ApiError {
  const detail = isRecord(body) && isRecord(body.error) ? body.error : {};
  return new ApiError(
    status,
    typeof detail.code === "string" ? detail.code : "http_error",
    typeof detail.message === "string" ? detail.message : `Clew answered with status ${status}.`,
    typeof detail.hint === "string" ? detail.hint : null,
    typeof detail.position === "number" ? detail.position : null,
  );
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** The key for this tab; gone when it is closed. */
/** Where the browser keeps nothing, as long as the page is open. */
let keptHere: string | null = null;

export function storedKey(): string | null {
  try {
    return sessionStorage.getItem(KEY_ITEM) ?? keptHere;
  } catch {
    return keptHere;
  }
}

export function storeKey(key: string): void {
  keptHere = key;
  try {
    sessionStorage.setItem(KEY_ITEM, key);
  } catch {
    // Kept above.
  }
}
