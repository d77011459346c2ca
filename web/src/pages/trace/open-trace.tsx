import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { useLocation } from "react-router";
import { useStore } from "zustand";
import { Page } from "../../shell/page";
import type { TraceModel } from "../../trace/model";
import { corrected, findSkew } from "../../trace/skew";
import { type TraceActions, traceActions } from "./actions";
import { BackBar } from "./back-bar";
import { TraceProvider } from "./context";
import { Facts } from "./header/facts";
import { Heading, titleOf } from "./header/heading";
import { Notes } from "./header/notes";
import { TraceShortcuts } from "./shortcuts";
import { createTraceStore, type TraceStore, traceOf } from "./store";
import { Toolbar } from "./toolbar/toolbar";
import styles from "./trace-page.module.css";
import { traceViewCodec } from "./url";
import { useUrlSync } from "./url-sync";
import { Views } from "./views";

/** A trace that is loaded. */
export function OpenTrace({ model }: { model: TraceModel }): ReactNode {
  const { search } = useLocation();
  const skew = useMemo(() => findSkew(model), [model]);
  const modelFor = useCallback(
    (right: boolean) => (right && skew.notes.length > 0 ? corrected(model, skew) : model),
    [model, skew],
  );
  const [store] = useState(() => {
    const view = traceViewCodec.parse(new URLSearchParams(search));
    return createTraceStore(traceOf(modelFor(view.corrected)), view);
  });
  const actions = useMemo(() => traceActions(store), [store]);
  useUrlSync(store, actions);
  useModel(modelFor, store, actions);
  const panel = useStore(store, (state) => state.view.span !== null);
  return (
    <TraceProvider store={store} actions={actions}>
      <Page title={titleOf(model)} heading={<Heading />}>
        <div className={styles.page} data-panel={panel || undefined}>
          <BackBar />
          <div className={styles.chrome}>
            <Facts />
            <Notes stored={model} skew={skew} />
            <Toolbar />
          </div>
          <Views />
        </div>
        <TraceShortcuts />
      </Page>
    </TraceProvider>
  );
}

/** More was loaded, or times are corrected: another model takes the place of the one before. */
function useModel(
  modelFor: (right: boolean) => TraceModel,
  store: TraceStore,
  actions: TraceActions,
): void {
  const right = useStore(store, (state) => state.view.corrected);
  const first = useRef(true);
  useEffect(() => {
    if (first.current) first.current = false;
    else actions.setTrace(traceOf(modelFor(right)));
  }, [modelFor, right, actions]);
}
