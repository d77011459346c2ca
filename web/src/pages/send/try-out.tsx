import { Send, Square, Store } from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { Link } from "react-router";
import type { Arrival } from "../../api/convert-arrival";
import { tracePath } from "../../route/paths";
import { Button } from "../../shared/ui/button";
import { ErrorNote, Spinner } from "../../shared/ui/states";
import { useDemoSwitch, useTestTrace } from "./queries";
import styles from "./send-page.module.css";

interface TryOutProps {
  arrival: Arrival;
  apiKey: string | null;
}

/** For who has no application at hand: a test trace, and the demo shop. */
export function TryOut({ arrival, apiKey }: TryOutProps): ReactNode {
  const test = useTestTrace(apiKey);
  const demo = useDemoSwitch(apiKey);
  const [foundAfterMs, setFoundAfterMs] = useState<number | null>(null);
  const sent = test.data;
  const found = sent && arrival.traces.some((trace) => trace.traceId === sent.traceId);
  useEffect(() => {
    if (found && sent) setFoundAfterMs((before) => before ?? performance.now() - sent.sentAt);
  }, [found, sent]);
  const { running, endsInSeconds, available } = arrival.demo;
  const trouble = test.error ?? demo.error;
  const needsKey = arrival.keysRequired && apiKey === null;
  return (
    <section aria-label="Try it out">
      <div className={styles.actions}>
        <Button
          disabled={test.isPending || !available || needsKey}
          onClick={() => {
            setFoundAfterMs(null);
            test.mutate();
          }}
        >
          {test.isPending ? <Spinner /> : <Send size={14} />}
          Send a test trace
        </Button>
        <Button
          disabled={demo.isPending || !available || (needsKey && !running)}
          onClick={() => demo.mutate(running ? "stop" : "start")}
        >
          {demo.isPending ? <Spinner /> : running ? <Square size={14} /> : <Store size={14} />}
          {running ? "Stop the demo shop" : "Start the demo shop"}
        </Button>
        <span className={styles.said} role="status">
          {sent && !found ? "Acknowledged: it is on disk. A search finds it in a moment." : ""}
          {sent && found ? (
            <>
              Searchable after {((foundAfterMs ?? 0) / 1000).toFixed(1)} s:{" "}
              <Link to={tracePath(sent.traceId)}>open the test trace</Link>.
            </>
          ) : null}
          {running && !sent
            ? `Twelve services are sending; they stop in ${Math.ceil((endsInSeconds ?? 0) / 60)} min.`
            : ""}
          {available
            ? ""
            : "Senders need TLS here: run clew send --ca FILE, or clew demo --ca FILE."}
        </span>
      </div>
      {trouble ? <ErrorNote error={trouble} /> : null}
    </section>
  );
}
