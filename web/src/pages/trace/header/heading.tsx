import type { ReactNode } from "react";
import { serviceColour } from "../../../shared/colour";
import { CopyButton } from "../../../shared/ui/copy-button";
import { at, type TraceModel } from "../../../trace/model";
import { useTrace } from "../context";
import { shownName, shownService } from "../words";
import styles from "./heading.module.css";
import { TraceMenu } from "./trace-menu";

/** What the browser's tab says of the trace. */
export function titleOf(model: TraceModel): string {
  return `${rootService(model)} ${rootName(model)}`;
}

function rootService(model: TraceModel): string {
  return shownService(model.services[at(model.service, rootOf(model))] ?? "");
}

function rootName(model: TraceModel): string {
  return shownName(model.names[at(model.name, rootOf(model))] ?? "");
}

/** The first span that has no parent at all, else the first. */
export function rootOf(model: TraceModel): number {
  const found = model.parent.findIndex((parent, span) => parent < 0 && at(model.flags, span) < 8);
  return Math.max(0, found);
}

/** Root service and operation, and the trace's id. */
export function Heading(): ReactNode {
  const model = useTrace((state) => state.trace.model);
  const colour = serviceColour(model.services[at(model.service, rootOf(model))] ?? "");
  return (
    <div className={styles.heading}>
      <h1 className={styles.title}>
        <span className={styles.service}>
          <span className={styles.colour} style={{ background: colour }} />
          {rootService(model)}
        </span>
        <span className={styles.operation}>{rootName(model)}</span>
      </h1>
      <span className={styles.id}>
        <code>{model.traceId}</code>
        <CopyButton text={model.traceId} label="Copy trace id" />
      </span>
      <TraceMenu className={styles.menu} />
    </div>
  );
}
