import { type ReactNode, useEffect, useRef, useState } from "react";
import { classes } from "../../../shared/classes";
import { formatDuration } from "../../../shared/format";
import { CopyButton } from "../../../shared/ui/copy-button";
import type { SpanEvent } from "../span";
import { AttributeList } from "./attributes";
import styles from "./events.module.css";
import { type Exception, exceptionOf } from "./values";

interface EventListProps {
  events: SpanEvent[];
  spanStartNs: bigint;
  /** Place of the event that was clicked; it is opened and brought into sight. */
  chosen: number | null;
  search: string;
  hrefOf: (query: string) => string;
}

/** More would make the panel slow; the rest comes when it is asked for. */
const FIRST = 50;

export function EventList(props: EventListProps): ReactNode {
  const { events, spanStartNs, chosen, search, hrefOf } = props;
  const [most, setMost] = useState(FIRST);
  const shown = events.slice(0, Math.max(most, (chosen ?? -1) + 1));
  return (
    <>
      <ol>
        {shown.map((event, at) => (
          <EventItem
            // biome-ignore lint/suspicious/noArrayIndexKey: events have no other identity
            key={at}
            event={event}
            offset={Number(event.timeNs - spanStartNs)}
            chosen={at === chosen}
            alone={events.length === 1}
            search={search}
            hrefOf={hrefOf}
          />
        ))}
      </ol>
      {shown.length < events.length ? (
        <button type="button" className={styles.more} onClick={() => setMost(most + 200)}>
          Show more of {events.length.toLocaleString("en")} events
        </button>
      ) : null}
    </>
  );
}

interface EventItemProps {
  event: SpanEvent;
  offset: number;
  chosen: boolean;
  alone: boolean;
  search: string;
  hrefOf: (query: string) => string;
}

function EventItem(props: EventItemProps): ReactNode {
  const { event, offset, chosen, alone, search, hrefOf } = props;
  const exception = exceptionOf(event.name, event.attributes.list);
  const [open, setOpen] = useState(chosen || alone || exception !== null);
  const item = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (!chosen) return;
    setOpen(true);
    item.current?.scrollIntoView({ block: "nearest" });
  }, [chosen]);
  const others = event.attributes.list.filter(
    ({ key }) => exception === null || !key.startsWith("exception."),
  );
  return (
    <li ref={item} className={classes(styles.event, chosen && styles.chosen)}>
      <button
        type="button"
        className={styles.title}
        aria-expanded={open}
        onClick={() => setOpen(!open)}
      >
        <span className={classes(styles.dot, exception !== null && styles.failed)} />
        <span className={styles.name}>{event.name === "" ? "(no name)" : event.name}</span>
        <span className={styles.offset}>+{formatDuration(offset)}</span>
      </button>
      {open ? (
        <>
          {exception === null ? null : <ExceptionNote exception={exception} />}
          {exception !== null && others.length === 0 ? null : (
            <AttributeList
              scope="event"
              attributes={{ ...event.attributes, list: others }}
              search={search}
              hrefOf={hrefOf}
            />
          )}
        </>
      ) : null}
    </li>
  );
}

const FOLDED_LINES = 6;

function ExceptionNote({ exception }: { exception: Exception }): ReactNode {
  const [open, setOpen] = useState(false);
  const lines = exception.stack.trimEnd().split("\n");
  const folded = lines.length > FOLDED_LINES;
  const shown = folded && !open ? lines.slice(0, FOLDED_LINES) : lines;
  return (
    <div className={styles.exception}>
      <p className={styles.message}>
        {exception.type === "" ? null : <b>{exception.type}</b>}
        {exception.message === "" ? null : <span>{exception.message}</span>}
      </p>
      {exception.stack === "" ? null : (
        <div className={styles.stack}>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it */}
          <pre tabIndex={0}>{shown.join("\n")}</pre>
          <span className={styles.copy}>
            <CopyButton text={exception.stack} label="Copy stack trace" />
          </span>
          {folded ? (
            <button
              type="button"
              className={styles.more}
              aria-expanded={open}
              onClick={() => setOpen(!open)}
            >
              {open ? "Fold" : `Show ${lines.length - FOLDED_LINES} more lines`}
            </button>
          ) : null}
        </div>
      )}
    </div>
  );
}
