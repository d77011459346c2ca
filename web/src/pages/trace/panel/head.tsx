import { CornerLeftUp, X } from "lucide-react";
import type { ReactNode } from "react";
import { serviceColour } from "../../../shared/colour";
import { formatDuration, formatPercent, formatTime } from "../../../shared/format";
import { useZone } from "../../../shared/settings";
import { Badge } from "../../../shared/ui/badge";
import { IconButton } from "../../../shared/ui/button";
import { CopyButton } from "../../../shared/ui/copy-button";
import { at, Status, type TraceModel } from "../../../trace/model";
import { useActions } from "../context";
import type { SpanDetail } from "../span";
import { kindName, shownName, shownService } from "../words";
import styles from "./span-panel.module.css";

/** What the span is, and what can be done with it. */
export function Head({ model, span }: { model: TraceModel; span: number }): ReactNode {
  const actions = useActions();
  const service = model.services[at(model.service, span)] ?? "";
  const parent = at(model.parent, span);
  const status = at(model.status, span);
  return (
    <header className={styles.head}>
      <div className={styles.titles}>
        <p className={styles.service}>
          <span className={styles.colour} style={{ background: serviceColour(service) }} />
          {shownService(service)}
        </p>
        <h2 className={styles.name}>{shownName(model.names[at(model.name, span)] ?? "")}</h2>
        <p className={styles.badges}>
          <Badge>{kindName(at(model.kind, span))}</Badge>
          {status === Status.error ? <Badge tone="error">error</Badge> : null}
          {status === Status.ok ? <Badge tone="ok">ok</Badge> : null}
        </p>
      </div>
      <div className={styles.tools}>
        <CopyButton text={model.ids[span] ?? ""} label="Copy span id" />
        <IconButton
          small
          label="Parent span"
          disabled={parent < 0}
          onClick={() => actions.open(parent, null, "push")}
        >
          <CornerLeftUp size={14} />
        </IconButton>
        <IconButton small label="Close" shortcut="Escape" onClick={actions.closePanel}>
          <X size={15} />
        </IconButton>
      </div>
    </header>
  );
}

interface FiguresProps {
  model: TraceModel;
  span: number;
  detail: SpanDetail | undefined;
}

/** How long it took, of what, and when. */
export function Figures({ model, span, detail }: FiguresProps): ReactNode {
  const [zone] = useZone();
  const duration = at(model.duration, span);
  const self = at(model.selfTime, span);
  const of = model.durationNs > 0 ? duration / model.durationNs : 0;
  const start = model.startNs + BigInt(Math.round(at(model.start, span)));
  return (
    <>
      <dl className={styles.figures}>
        <Figure
          label="Duration"
          value={formatDuration(duration)}
          more={`${formatPercent(of)} of trace`}
        />
        <Figure
          label="Self time"
          value={formatDuration(self)}
          more={duration > 0 ? `${formatPercent(self / duration)} of span` : ""}
        />
        <Figure
          label="Starts at"
          value={`+${formatDuration(at(model.start, span))}`}
          more={formatTime(start, zone)}
        />
      </dl>
      {detail === undefined || detail.statusMessage === "" ? null : (
        <p className={styles.status} data-failed={at(model.status, span) === Status.error}>
          {detail.statusMessage}
        </p>
      )}
    </>
  );
}

function Figure({ label, value, more }: { label: string; value: string; more: string }): ReactNode {
  return (
    <div className={styles.figure}>
      <dt>{label}</dt>
      <dd>
        {value}
        <span className={styles.more}>{more}</span>
      </dd>
    </div>
  );
}
