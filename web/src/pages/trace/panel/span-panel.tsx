import { type ReactNode, useCallback, useEffect, useRef, useState } from "react";
import { useLocation } from "react-router";
import { useSpanDetails } from "../../../api/queries-trace";
import { Button } from "../../../shared/ui/button";
import { CopyButton } from "../../../shared/ui/copy-button";
import { ErrorNote, Loading } from "../../../shared/ui/states";
import { TextField } from "../../../shared/ui/text-field";
import { at, type TraceModel } from "../../../trace/model";
import { rowOf } from "../../../trace/rows";
import { crumbsOf, following } from "../breadcrumb";
import { useActions, useTrace, useTraceStore } from "../context";
import { explorerHref } from "../explorer-link";
import type { SpanDetail } from "../span";
import { placeOfId } from "../store";
import { traceViewCodec } from "../url";
import { AttributeList } from "./attributes";
import { EventList } from "./events";
import { Figures, Head } from "./head";
import { LinkList } from "./links";
import { RawJson } from "./raw-json";
import { Section } from "./section";
import styles from "./span-panel.module.css";

/** Rows whose details come with those of the selected one. */
const NEAR = 5;
/** While a key is held nothing is asked. */
const SETTLED_MS = 90;

/** All that the selected span says. */
export function SpanPanel(): ReactNode {
  const model = useTrace((state) => state.trace.model);
  const span = useTrace(({ view, cursor, trace }) => {
    if (view.span === null) return -1;
    return trace.model.ids[cursor] === view.span ? cursor : placeOfId(trace.model, view.span);
  });
  const id = useTrace((state) => state.view.span);
  if (id === null) return null;
  return (
    <aside className={styles.panel} aria-label="Span">
      {span < 0 ? <NotHere id={id} /> : <Shown model={model} span={span} />}
    </aside>
  );
}

function NotHere({ id }: { id: string }): ReactNode {
  const actions = useActions();
  return (
    <div className={styles.missing}>
      <p>
        No span <code>{id}</code> is stored in this trace.
      </p>
      <Button small onClick={actions.closePanel}>
        Close
      </Button>
    </div>
  );
}

function Shown({ model, span }: { model: TraceModel; span: number }): ReactNode {
  const [search, setSearch] = useState("");
  const scroller = useRef<HTMLDivElement>(null);
  const settled = useSettled(span);
  const details = useSpanDetails(model.traceId, model.ids[settled] ?? null, useNear());
  // Of spans with one id it is the one that starts there.
  const start = model.startNs + BigInt(Math.round(at(model.start, span)));
  const detail =
    settled !== span
      ? undefined
      : (details.data?.find((one) => one.startNs === start) ?? details.data?.[0]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another span is read from its top
  useEffect(() => {
    scroller.current?.scrollTo({ top: 0 });
  }, [span]);
  return (
    <>
      <Head model={model} span={span} />
      <div ref={scroller} className={styles.scroller}>
        <Figures model={model} span={span} detail={detail} />
        {detail === undefined ? (
          <Waiting error={details.error} found={details.data} onRetry={() => details.refetch()} />
        ) : (
          <Sections
            key={detail.spanId}
            model={model}
            detail={detail}
            search={search}
            onSearch={setSearch}
          />
        )}
      </div>
    </>
  );
}

interface WaitingProps {
  error: unknown;
  found: SpanDetail[] | undefined;
  onRetry: () => void;
}

function Waiting({ error, found, onRetry }: WaitingProps): ReactNode {
  if (error) return <ErrorNote error={error} onRetry={onRetry} />;
  if (found !== undefined && found.length === 0) {
    return <p className={styles.note}>Its attributes are no longer stored.</p>;
  }
  return <Loading>Attributes, events and links</Loading>;
}

interface SectionsProps {
  model: TraceModel;
  detail: SpanDetail;
  search: string;
  onSearch: (search: string) => void;
}

function Sections({ model, detail, search, onSearch }: SectionsProps): ReactNode {
  const event = useTrace((state) => state.view.event);
  const endNs = model.startNs + BigInt(Math.round(model.durationNs));
  const hrefOf = useCallback(
    (query: string) => explorerHref(query, model.startNs, endNs, BigInt(Date.now()) * 1_000_000n),
    [model.startNs, endNs],
  );
  const leaving = useLeaving(detail.name);
  const { attributes, events, links, resource, scope } = detail;
  const searching = search.trim() !== "";
  return (
    <>
      <div className={styles.search}>
        <TextField
          label="Search in attributes"
          hideLabel
          placeholder="Search in attributes"
          value={search}
          onChange={(change) => onSearch(change.target.value)}
        />
      </div>
      <Section title="Attributes" forced={searching} count={attributes.list.length}>
        <AttributeList scope="span" attributes={attributes} search={search} hrefOf={hrefOf} />
      </Section>
      {events.length === 0 && detail.droppedEvents === 0 ? null : (
        <Section title="Events" forced={searching} count={events.length}>
          <EventList
            events={events}
            spanStartNs={detail.startNs}
            chosen={event}
            search={search}
            hrefOf={hrefOf}
          />
          <Dropped count={detail.droppedEvents} what="events" />
        </Section>
      )}
      {links.length === 0 && detail.droppedLinks === 0 ? null : (
        <Section title="Links" forced={searching} count={links.length}>
          <LinkList
            traceId={model.traceId}
            links={links}
            search={search}
            hrefOf={hrefOf}
            leaving={leaving}
          />
          <Dropped count={detail.droppedLinks} what="links" />
        </Section>
      )}
      <Section title="Resource" forced={searching} count={resource.attributes.list.length}>
        <AttributeList
          scope="resource"
          attributes={resource.attributes}
          search={search}
          hrefOf={hrefOf}
        />
      </Section>
      <Section title="Scope and ids" open={false} forced={searching}>
        <Facts detail={detail} />
        {scope.attributes.list.length === 0 ? null : (
          <AttributeList
            scope="instrumentation"
            attributes={scope.attributes}
            search={search}
            hrefOf={hrefOf}
          />
        )}
      </Section>
      <RawJson value={detail.raw} />
    </>
  );
}

function Dropped({ count, what }: { count: number; what: string }): ReactNode {
  return count === 0 ? null : (
    <p className={styles.note}>
      {count.toLocaleString("en")} more {what} were dropped before they were stored.
    </p>
  );
}

function Facts({ detail }: { detail: SpanDetail }): ReactNode {
  const facts = [
    ["Span id", detail.spanId],
    ["Parent span id", detail.parentSpanId],
    ["Trace state", detail.traceState],
    ["Flags", detail.flags === 0 ? "" : `0x${detail.flags.toString(16).padStart(2, "0")}`],
    ["Scope", [detail.scope.name, detail.scope.version].filter(Boolean).join(" ")],
    ["Schema of the scope", detail.scope.schemaUrl],
    ["Schema of the resource", detail.resource.schemaUrl],
  ] as const;
  return (
    <dl className={styles.facts}>
      {facts.map(([label, value]) =>
        value === "" ? null : (
          <div key={label}>
            <dt>{label}</dt>
            <dd>
              <span>{value}</span>
              <CopyButton text={value} label={`Copy ${label.toLowerCase()}`} />
            </dd>
          </div>
        ),
      )}
    </dl>
  );
}

/** Ids of the rows around the selected one. */
function useNear(): () => string[] {
  const store = useTraceStore();
  return useCallback(() => {
    const { trace, rows, cursor } = store.getState();
    const row = rowOf(trace.tree, rows, cursor);
    if (row < 0) return [];
    const around = rows.subarray(Math.max(0, row - NEAR), row + NEAR + 1);
    return [...around].flatMap((node) => trace.model.ids[node] ?? []);
  }, [store]);
}

/** The history's state with the way here, for who follows a link. */
function useLeaving(title: string): () => object {
  const store = useTraceStore();
  const { state } = useLocation();
  return () => {
    const { view, trace } = store.getState();
    const params = new URLSearchParams();
    traceViewCodec.write(view, params);
    const here = { traceId: trace.model.traceId, search: params.toString(), title };
    return following(crumbsOf(state), here);
  };
}

/** The value once it has not changed for a moment; the first one at once. */
function useSettled(value: number): number {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), SETTLED_MS);
    return () => clearTimeout(timer);
  }, [value]);
  return settled;
}
