import { type ReactNode, useState } from "react";
import { Link, useNavigate, useSearchParams } from "react-router";
import { ApiError } from "../../../api/client";
import type { Why, WhyFact } from "../../../api/convert-why";
import { useWhy } from "../../../api/queries-why";
import { sendPath, tracePath } from "../../../route/paths";
import { parseMoment } from "../../../route/time-text";
import { formatAgo, formatExact, formatTime } from "../../../shared/format";
import { useZone } from "../../../shared/settings";
import { Badge } from "../../../shared/ui/badge";
import { Button, buttonClass } from "../../../shared/ui/button";
import { CopyButton } from "../../../shared/ui/copy-button";
import { ErrorNote, Loading } from "../../../shared/ui/states";
import { TextField } from "../../../shared/ui/text-field";
import { Page } from "../../../shell/page";
import { BackBar } from "../back-bar";
import { readGiven } from "./given-id";
import styles from "./why-page.module.css";

const VERDICTS: Record<Why["verdict"], readonly [string, "plain" | "ok" | "warn" | "error"]> = {
  stored: ["Stored", "ok"],
  partly_stored: ["Partly stored", "warn"],
  waiting: ["On its way", "plain"],
  refused: ["Refused", "error"],
  over_limit: ["Over a limit", "error"],
  not_sampled: ["Not sampled", "warn"],
  too_old: ["Too old", "warn"],
  never_arrived: ["Never arrived", "error"],
  unknown: ["Not known", "plain"],
};

interface WhyPageProps {
  id: string;
  /** Asks for the trace again, where this stands in its place. */
  onOpen?: () => void;
}

/** Why a trace cannot be seen, as far as Clew knows; and a way to another one. */
export function WhyPage({ id, onOpen }: WhyPageProps): ReactNode {
  const given = readGiven(id);
  const [params] = useSearchParams();
  const time = params.get("at");
  return (
    <Page title="Why can’t I see this trace?">
      <BackBar />
      <div className={styles.page}>
        {given.kind === "id" ? (
          <Answer
            key={`${id} ${time}`}
            traceId={given.traceId}
            asked={given.traceparent ?? given.traceId}
            time={time}
            onOpen={onOpen}
          />
        ) : (
          <section className={styles.answer}>
            <h2 className={styles.sentence}>{given.sentence}</h2>
            <p className={styles.id}>
              <code>{id.slice(0, 200)}</code>
            </p>
          </section>
        )}
        <OtherTrace key={id} id={id} />
      </div>
    </Page>
  );
}

interface AnswerProps {
  traceId: string;
  asked: string;
  /** When it should have come, as the API reads it. */
  time: string | null;
  onOpen: (() => void) | undefined;
}

function Answer({ traceId, asked, time, onOpen }: AnswerProps): ReactNode {
  const { data, error, refetch } = useWhy(asked, time);
  return (
    <section className={styles.answer} aria-label="What became of the trace">
      <p className={styles.id}>
        <code>{traceId}</code>
        <CopyButton text={traceId} label="Copy trace id" />
      </p>
      {data !== undefined ? (
        <Known why={data} onAgain={() => void refetch()} onOpen={onOpen} />
      ) : error === null ? (
        <Loading>Looking where it went</Loading>
      ) : onOpen !== undefined && error instanceof ApiError && error.status === 404 ? (
        <h2 className={styles.sentence}>No span of this trace is stored.</h2>
      ) : (
        <>
          <ErrorNote error={error} onRetry={() => void refetch()} />
          <Link className={buttonClass({})} to={tracePath(traceId)}>
            Open the trace
          </Link>
        </>
      )}
    </section>
  );
}

interface KnownProps {
  why: Why;
  onAgain: () => void;
  onOpen: (() => void) | undefined;
}

function Known({ why, onAgain, onOpen }: KnownProps): ReactNode {
  const [name, tone] = VERDICTS[why.verdict];
  return (
    <>
      <Badge tone={tone}>{name}</Badge>
      <h2 className={styles.sentence}>{why.sentence}</h2>
      {why.hint === null ? null : <p className={styles.hint}>{why.hint}</p>}
      <div className={styles.next}>
        {why.spans > 0 ? (
          <Link
            className={buttonClass({ look: "primary" })}
            to={tracePath(why.traceId)}
            onClick={onOpen}
          >
            Open the trace ({formatExact(why.spans)} {why.spans === 1 ? "span" : "spans"})
          </Link>
        ) : null}
        <Button onClick={onAgain}>Look again</Button>
        {why.verdict === "never_arrived" ? (
          <Link className={buttonClass({})} to={sendPath()}>
            How to send data
          </Link>
        ) : null}
      </div>
      {why.facts.length === 0 ? null : (
        <>
          <h3 className={styles.factsTitle}>What Clew knows</h3>
          <ul className={styles.facts}>
            {why.facts.map((fact, at) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: facts have no other identity
              <Fact key={at} fact={fact} />
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function Fact({ fact }: { fact: WhyFact }): ReactNode {
  const [zone] = useZone();
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  const { firstNs, lastNs, count } = fact;
  return (
    <li className={styles.fact}>
      <p>{fact.sentence}</p>
      {firstNs === null && lastNs === null ? null : (
        <p className={styles.when}>
          {count === null || count < 2 ? null : <span>{formatExact(count)} times</span>}
          {firstNs === null || firstNs === lastNs ? null : (
            <span>first {formatTime(firstNs, zone, "second")}</span>
          )}
          {lastNs === null ? null : (
            <span>
              {firstNs === null || firstNs === lastNs ? "" : "last "}
              {formatTime(lastNs, zone, "second")}, {formatAgo(lastNs, nowNs)}
            </span>
          )}
        </p>
      )}
    </li>
  );
}

/** The same trace at another time, or another one. */
function OtherTrace({ id }: { id: string }): ReactNode {
  const navigate = useNavigate();
  const [zone] = useZone();
  const [text, setText] = useState(id.slice(0, 200));
  const [when, setWhen] = useState("");
  const given = readGiven(text);
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  const time = when.trim() === "" ? null : parseMoment(when, zone === "utc", nowNs);
  const [asked, setAsked] = useState(false);
  const wrongTime = when.trim() !== "" && time === null;
  return (
    <form
      className={styles.other}
      aria-label="Look again"
      onSubmit={(event) => {
        event.preventDefault();
        setAsked(true);
        if (given.kind === "wrong" || wrongTime) return;
        navigate(tracePath(given.traceparent ?? given.traceId, time === null ? "" : `at=${time}`));
      }}
    >
      <TextField
        label="Another trace, or another time"
        placeholder="Trace id or traceparent"
        mono
        value={text}
        trouble={asked && given.kind === "wrong" ? given.sentence : undefined}
        onChange={(event) => setText(event.target.value)}
      />
      <TextField
        label={`When it should have come${zone === "utc" ? ", UTC" : ""}`}
        placeholder="2026-11-23 08:00, or 08:00"
        value={when}
        trouble={
          asked && wrongTime ? "Write it as 2026-11-23 08:00, or 08:00 of today." : undefined
        }
        onChange={(event) => setWhen(event.target.value)}
      />
      <Button type="submit">Look</Button>
    </form>
  );
}
