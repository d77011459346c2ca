import {
  Braces,
  ChevronDown,
  Copy,
  Download,
  Link2,
  SquareTerminal,
  Waypoints,
} from "lucide-react";
import { type ReactNode, useEffect, useState } from "react";
import { storedKey } from "../../../api/client";
import { fetchTraceJson } from "../../../api/queries-trace";
import { copyText } from "../../../shared/clipboard";
import { Button } from "../../../shared/ui/button";
import { Menu, MenuItem, MenuSeparator } from "../../../shared/ui/menu";
import { useTraceStore } from "../context";
import type { TraceState } from "../store";
import { rootOf } from "./heading";
import styles from "./trace-menu.module.css";

const SAID_MS = 2500;
/** The clipboard is no place for more. */
const MOST_TO_COPY = 5000;

/** Copies of the trace in the forms that other tools take, and the download. */
export function TraceMenu({ className }: { className?: string | undefined }): ReactNode {
  const store = useTraceStore();
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (said === "") return;
    const timer = setTimeout(() => setSaid(""), SAID_MS);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = (what: string, text: string | Promise<string>) => {
    Promise.resolve(text)
      .then(copyText)
      .then((done) => setSaid(done ? `${what} copied` : "The browser refused to copy"))
      .catch((error: unknown) => setSaid(error instanceof Error ? error.message : String(error)));
  };
  const { trace } = store.getState();
  const { traceId, count } = trace.model;
  return (
    <span className={className}>
      <span className={styles.said} role="status">
        {said}
      </span>
      <Menu
        align="end"
        trigger={
          <Button>
            Copy
            <ChevronDown size={14} />
          </Button>
        }
      >
        <MenuItem icon={<Link2 size={14} />} onClick={() => copy("Link", location.href)}>
          Link to this view
        </MenuItem>
        <MenuItem icon={<Copy size={14} />} hint="y" onClick={() => copy("Trace id", traceId)}>
          Trace id
        </MenuItem>
        <MenuItem
          icon={<Waypoints size={14} />}
          onClick={() => copy("traceparent", traceparent(store.getState()))}
        >
          traceparent
        </MenuItem>
        <MenuItem
          icon={<SquareTerminal size={14} />}
          onClick={() => copy("Command", `clew trace ${traceId}`)}
        >
          Command: clew trace
        </MenuItem>
        <MenuItem
          icon={<Braces size={14} />}
          disabled={count > MOST_TO_COPY}
          {...(count > MOST_TO_COPY && { hint: "too large, download it" })}
          onClick={() =>
            copy(
              "JSON",
              fetchTraceJson(traceId).then((blob) => blob.text()),
            )
          }
        >
          JSON (OTLP)
        </MenuItem>
        <MenuSeparator />
        <MenuItem
          icon={<Download size={14} />}
          onClick={() => void download(traceId).catch((error: Error) => setSaid(error.message))}
        >
          Download JSON (OTLP)
        </MenuItem>
      </Menu>
    </span>
  );
}

/** Of the selected span, else of the root: what its children would have been sent. */
function traceparent({ trace, view }: TraceState): string {
  const span = view.span ?? trace.model.ids[rootOf(trace.model)] ?? "";
  return `00-${trace.model.traceId}-${span}-01`;
}

/** The browser writes it to disk while it comes; with a key it has to pass through the page. */
async function download(traceId: string): Promise<void> {
  const link = document.createElement("a");
  link.download = `${traceId}.json`;
  if (storedKey() === null) {
    link.href = `/api/v1/traces/${traceId}`;
    link.click();
    return;
  }
  const url = URL.createObjectURL(await fetchTraceJson(traceId));
  link.href = url;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
