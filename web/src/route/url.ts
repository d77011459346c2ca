/** State that lives in the address, so that what is on the screen can be sent to somebody. */

import { useCallback, useMemo, useRef } from "react";
import { useLocation, useNavigate } from "react-router";

/** Reads from and writes to the search parameters; writing a default deletes the parameter. */
export interface UrlCodec<T> {
  parse(params: URLSearchParams): T;
  write(value: T, params: URLSearchParams): void;
}

/** `push` adds a step that the back button undoes, `replace` does not. */
export type How = "push" | "replace";

export type SetUrl<T> = (next: T | ((current: T) => T), how: How) => void;

/** Codecs have to be the same object at each render. Writes of one event add up. */
export function useUrlState<T>(codec: UrlCodec<T>): [T, SetUrl<T>] {
  const location = useLocation();
  const navigate = useNavigate();
  const value = useMemo(
    () => codec.parse(new URLSearchParams(location.search)),
    [codec, location.search],
  );
  const latest = useRef({ navigate, path: location.pathname, hash: location.hash });
  latest.current = { navigate, path: location.pathname, hash: location.hash };
  const set = useCallback<SetUrl<T>>(
    (next, how) => {
      // The address itself, not the render's copy: two writes of one event must both hold.
      const params = new URLSearchParams(window.location.search);
      const current = codec.parse(params);
      const changed = typeof next === "function" ? (next as (current: T) => T)(current) : next;
      codec.write(changed, params);
      const { navigate: go, path, hash } = latest.current;
      const search = params.toString();
      if (search === window.location.search.replace(/^\?/, "")) return;
      go({ pathname: path, search, hash }, { replace: how === "replace" });
    },
    [codec],
  );
  return [value, set];
}

/** A codec of one parameter of text; `first` is its value when it is not there. */
export function textCodec(name: string, first = ""): UrlCodec<string> {
  return {
    parse: (params) => params.get(name) ?? first,
    write: (value, params) => setOrDelete(params, name, value === first ? null : value),
  };
}

/** A codec of one of some words. */
export function choiceCodec<T extends string>(
  name: string,
  choices: readonly T[],
  first: T,
): UrlCodec<T> {
  return {
    parse: (params) => choices.find((choice) => choice === params.get(name)) ?? first,
    write: (value, params) => setOrDelete(params, name, value === first ? null : value),
  };
}

export function setOrDelete(params: URLSearchParams, name: string, value: string | null): void {
  if (value === null) params.delete(name);
  else params.set(name, value);
}
