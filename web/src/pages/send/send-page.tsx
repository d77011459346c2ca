import { KeyRound } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Link, useNavigate } from "react-router";
import type { Arrival } from "../../api/convert-arrival";
import { useArrival } from "../../api/queries-arrival";
import { tracePath, tracesPath } from "../../route/paths";
import { useRefresh } from "../../route/time";
import { Button } from "../../shared/ui/button";
import { CopyButton } from "../../shared/ui/copy-button";
import { ErrorNote, Loading } from "../../shared/ui/states";
import { TextField } from "../../shared/ui/text-field";
import { Page } from "../../shell/page";
import { endpointsOf } from "./endpoints";
import { Misdated } from "./misdated";
import { headline, ownTrace, stepsOf } from "./progress";
import { ProgressStrip } from "./progress-strip";
import { useNewKey } from "./queries";
import { Refusals } from "./refusals";
import styles from "./send-page.module.css";
import { Snippets } from "./snippets/snippets";
import { TryOut } from "./try-out";

/** The first minute: waits for the first trace, says how far it has come, and how to send it. */
export function SendPage(): ReactNode {
  const arrival = useArrival();
  const { touch } = useRefresh();
  // Whoever goes on from here looks for what has just come.
  useEffect(() => touch, [touch]);
  return (
    <Page title="Send data">
      {arrival.error ? <ErrorNote error={arrival.error} onRetry={() => arrival.refetch()} /> : null}
      {arrival.isPending ? <Loading>Looking what has come so far</Loading> : null}
      {arrival.data ? <FirstMinute arrival={arrival.data} /> : null}
    </Page>
  );
}

function FirstMinute({ arrival }: { arrival: Arrival }): ReactNode {
  const [service, setService] = useState("my-service");
  const [key, setKey] = useState<string | null>(null);
  const newKey = useNewKey();
  const touched = useRef(false);
  const own = ownTrace(arrival);
  const [hadOwn] = useState(own !== null);
  useOpenFirstTrace(hadOwn ? null : (own?.traceId ?? null), touched);
  const { grpc, http, isLocalOnly } = endpointsOf(arrival, window.location);
  const makeKey = () =>
    newKey.mutate(`${service || "my-service"} ${new Date().toISOString().slice(0, 19)}`, {
      onSuccess: setKey,
    });
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only notes that somebody is at work here
    <div
      className={styles.page}
      onPointerDown={() => {
        touched.current = true;
      }}
      onKeyDown={() => {
        touched.current = true;
      }}
    >
      <div className={styles.lead}>
        <h2 role="status">{headline(arrival, !hadOwn)}</h2>
        <p>
          Point any OpenTelemetry SDK, agent or Collector at one of the addresses below. This page
          watches the door and says what happens.
        </p>
      </div>
      <ProgressStrip steps={stepsOf(arrival)} />
      {own ? (
        <div className={styles.arrived}>
          <span>
            <strong>{own.service || "A service without a name"}</strong> sent {own.name},{" "}
            {own.spanCount} {own.spanCount === 1 ? "span" : "spans"}.
          </span>
          <span className={styles.spring} />
          <Link to={tracesPath()}>Trace Explorer</Link>
          <Link to={tracePath(own.traceId)}>Open this trace</Link>
        </div>
      ) : null}
      <Misdated misdated={arrival.misdated} />
      <Refusals refusals={arrival.refusals} />
      <TryOut arrival={arrival} apiKey={key} />
      <section className={styles.panel} aria-label="From your application">
        <h2>From your application</h2>
        <div className={styles.fields}>
          <TextField
            label="Service name"
            value={service}
            onChange={(event) => setService(event.target.value)}
          />
          <Endpoint name="OTLP over HTTP" address={http} />
          <Endpoint name="OTLP over gRPC" address={grpc} />
        </div>
        {isLocalOnly ? (
          <p className={styles.note}>
            Only senders on the machine of this Clew get in: it listens on loopback. Another address
            is a setting of <code>clew serve</code>: <code>--http</code> and <code>--grpc</code>.
          </p>
        ) : null}
        {arrival.keysRequired ? (
          <div className={styles.actions}>
            <Button onClick={makeKey} disabled={newKey.isPending}>
              <KeyRound size={14} />
              {key === null ? "Create a key for sending" : "Create another key"}
            </Button>
            {key === null ? (
              <span className={styles.said}>Senders need a key here; it is shown once.</span>
            ) : (
              <span className={styles.said}>
                <code>{key}</code> <CopyButton label="Copy the key" text={key} /> It is in the
                snippets below, and is not shown again.
              </span>
            )}
          </div>
        ) : null}
        {newKey.error ? <ErrorNote error={newKey.error} /> : null}
        <Snippets
          endpoint={http}
          grpcEndpoint={grpc}
          serviceName={service || "my-service"}
          apiKey={key ?? (arrival.keysRequired ? "YOUR_KEY" : null)}
        />
      </section>
    </div>
  );
}

function Endpoint({ name, address }: { name: string; address: string }): ReactNode {
  return (
    <div className={styles.endpoint}>
      <span>{name}</span>
      <span className={styles.address}>
        <code>{address}</code>
        <CopyButton label={`Copy the address for ${name}`} text={address} />
      </span>
    </div>
  );
}

const OPENS_AFTER_MS = 2500;

/** Opens the first trace that is found by itself, if nothing was touched meanwhile. */
function useOpenFirstTrace(found: string | null, touched: { readonly current: boolean }): void {
  const navigate = useNavigate();
  // The first one, not each that follows it.
  const [first, setFirst] = useState<string | null>(null);
  if (first === null && found !== null) setFirst(found);
  useEffect(() => {
    if (first === null) return;
    const timer = setTimeout(() => {
      if (!touched.current) navigate(tracePath(first));
    }, OPENS_AFTER_MS);
    return () => clearTimeout(timer);
  }, [first, touched, navigate]);
}
