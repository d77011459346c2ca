/** The routes. Each page is a chunk of its own. */

import { lazy, type ReactNode, Suspense, useEffect } from "react";
import { BrowserRouter, Navigate, Route, Routes, useLocation } from "react-router";
import { ApiProvider } from "./api/provider";
import { useArrival } from "./api/queries-arrival";
import { PATHS, sendPath, tracesPath } from "./route/paths";
import { RefreshProvider } from "./route/time";
import { listenForShortcuts } from "./shared/shortcuts";
import { Empty, Loading } from "./shared/ui/states";
import { TooltipProvider } from "./shared/ui/tooltip";
import { Boundary } from "./shell/boundary";
import { Page } from "./shell/page";
import { Shell } from "./shell/shell";

const ExplorerPage = lazy(async () => ({
  default: (await import("./pages/explorer/explorer-page")).ExplorerPage,
}));
const TracePage = lazy(async () => ({
  default: (await import("./pages/trace/trace-page")).TracePage,
}));
const SendPage = lazy(async () => ({
  default: (await import("./pages/send/send-page")).SendPage,
}));

export function App(): ReactNode {
  useEffect(listenForShortcuts, []);
  return (
    <ApiProvider>
      <BrowserRouter>
        <TooltipProvider>
          <RefreshProvider>
            <Shell>
              <Pages />
            </Shell>
          </RefreshProvider>
        </TooltipProvider>
      </BrowserRouter>
    </ApiProvider>
  );
}

function Pages(): ReactNode {
  const { pathname, search } = useLocation();
  return (
    <Boundary resetKey={pathname + search}>
      <Suspense fallback={<Loading />}>
        <Routes>
          <Route path="/" element={<Start />} />
          <Route path={PATHS.traces} element={<ExplorerPage />} />
          <Route path={PATHS.trace} element={<TracePage />} />
          <Route path={PATHS.send} element={<SendPage />} />
          <Route path="*" element={<NoPage />} />
        </Routes>
      </Suspense>
    </Boundary>
  );
}

/** Traces where there are any, else how to send the first one. */
function Start(): ReactNode {
  const arrival = useArrival();
  if (arrival.isPending) return <Loading />;
  const isEmpty = arrival.data?.storedSpans === 0;
  return <Navigate to={isEmpty ? sendPath() : tracesPath()} replace />;
}

function NoPage(): ReactNode {
  return (
    <Page title="No such page">
      <Empty title="There is no page at this address">
        <p>The navigation lists all that there are.</p>
      </Empty>
    </Page>
  );
}
