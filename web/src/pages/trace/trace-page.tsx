import type { ReactNode } from "react";
import { useLocation, useParams } from "react-router";
import { ApiError } from "../../api/client";
import { useSkeleton } from "../../api/queries-trace";
import { ErrorNote, Loading } from "../../shared/ui/states";
import { Page } from "../../shell/page";
import { BackBar } from "./back-bar";
import { OpenTrace } from "./open-trace";
import styles from "./trace-page.module.css";
import { WhyPage } from "./why/why-page";

/** `/traces/:id`: the trace, or why there is none to see. */
export function TracePage(): ReactNode {
  const { id = "" } = useParams();
  const asked = new URLSearchParams(useLocation().search).get("why") === "1";
  const traceId = id.toLowerCase();
  if (asked || !/^[0-9a-f]{32}$/.test(traceId)) return <WhyPage key={id} id={id} />;
  return <Loaded key={traceId} traceId={traceId} />;
}

function Loaded({ traceId }: { traceId: string }): ReactNode {
  const { data, error, refetch } = useSkeleton(traceId);
  if (data !== undefined) return <OpenTrace model={data} />;
  if (error instanceof ApiError && error.status === 404) {
    return <WhyPage id={traceId} onOpen={() => void refetch()} />;
  }
  return (
    <Page title="Trace">
      <BackBar />
      <div className={styles.waiting}>
        {error === null ? (
          <Loading>Loading the trace</Loading>
        ) : (
          <ErrorNote error={error} onRetry={() => void refetch()} />
        )}
      </div>
    </Page>
  );
}
