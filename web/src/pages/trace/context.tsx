import { createContext, type ReactNode, useContext } from "react";
import { useStore } from "zustand";
import type { TraceActions } from "./actions";
import type { TraceState, TraceStore } from "./store";

interface Shared {
  store: TraceStore;
  actions: TraceActions;
}

const TraceContext = createContext<Shared | null>(null);

/** One trace on the screen, for everything below. */
export function TraceProvider({
  children,
  ...shared
}: Shared & { children: ReactNode }): ReactNode {
  return <TraceContext.Provider value={shared}>{children}</TraceContext.Provider>;
}

function useShared(): Shared {
  const shared = useContext(TraceContext);
  if (shared === null) throw new Error("there is no TraceProvider above");
  return shared;
}

/** A part of the state; the component is drawn again when that part is another. */
export function useTrace<T>(select: (state: TraceState) => T): T {
  return useStore(useShared().store, select);
}

export function useActions(): TraceActions {
  return useShared().actions;
}

/** For what is read when something happens, and not drawn. */
export function useTraceStore(): TraceStore {
  return useShared().store;
}
