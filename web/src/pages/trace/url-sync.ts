import { useEffect, useRef } from "react";
import { useLocation, useNavigate } from "react-router";
import type { TraceActions } from "./actions";
import type { TraceStore } from "./store";
import { type TraceView, traceViewCodec } from "./url";

/** Browsers refuse pages that write their address too often, as a held key would. */
const QUIET_MS = 200;

/** Keeps the address and the state of the trace the same, whichever changes. */
export function useUrlSync(store: TraceStore, actions: TraceActions): void {
  const location = useLocation();
  const navigate = useNavigate();
  const latest = useRef({ location, navigate });
  latest.current = { location, navigate };
  const written = useRef(location.search);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const write = (view: TraceView, replace: boolean) => {
      const now = latest.current.location;
      const params = new URLSearchParams(now.search);
      traceViewCodec.write(view, params);
      const text = params.toString();
      const search = text === "" ? "" : `?${text}`;
      if (search === now.search) return;
      written.current = search;
      // The state holds the way here.
      const to = { pathname: now.pathname, search, hash: now.hash };
      latest.current.navigate(to, { replace, state: now.state });
    };
    const stop = store.subscribe((state, before) => {
      if (state.view === before.view) return;
      clearTimeout(timer);
      if (state.how === "push") write(state.view, false);
      else timer = setTimeout(() => write(store.getState().view, true), QUIET_MS);
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [store]);

  useEffect(() => {
    if (location.search === written.current) return;
    written.current = location.search;
    actions.follow(traceViewCodec.parse(new URLSearchParams(location.search)));
  }, [location.search, actions]);
}
