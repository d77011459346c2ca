/** A region in figures: for the keyboard, for exact bounds, and where nothing can be dragged. */

import { SquareDashedMousePointer } from "lucide-react";
import { type FormEvent, type ReactNode, useState } from "react";
import { type Bounds, parseMoment } from "../../../route/time-text";
import { formatTime, type Zone } from "../../../shared/format";
import { Button } from "../../../shared/ui/button";
import { Popover } from "../../../shared/ui/popover";
import { Switch } from "../../../shared/ui/switch";
import { TextField } from "../../../shared/ui/text-field";
import type { Region } from "../region";
import styles from "./region-form.module.css";
import { parseDuration, writeDuration } from "./words";

interface RegionFormProps {
  range: Bounds;
  zone: Zone;
  selection: Region | null;
  onSelect: (region: Region | null) => void;
}

export function RegionPopover(props: RegionFormProps): ReactNode {
  const [open, setOpen] = useState(false);
  return (
    <Popover
      label="Select a region"
      align="end"
      open={open}
      onOpenChange={setOpen}
      trigger={
        <Button small look="quiet" aria-label="Select a region in figures">
          <SquareDashedMousePointer size={14} />
        </Button>
      }
    >
      <RegionForm
        {...props}
        onSelect={(region) => {
          setOpen(false);
          props.onSelect(region);
        }}
      />
    </Popover>
  );
}

export function RegionForm({ range, zone, selection, onSelect }: RegionFormProps): ReactNode {
  const first = selection ?? range;
  const shown = (ns: bigint) => formatTime(ns, zone, "milli");
  const written = (ns: number | undefined) => (ns === undefined ? "" : writeDuration(ns));
  const [from, setFrom] = useState(shown(first.startNs));
  const [to, setTo] = useState(shown(first.endNs));
  const [shortest, setShortest] = useState(written(selection?.minNs));
  const [longest, setLongest] = useState(written(selection?.maxNs));
  const [errors, setErrors] = useState(selection?.status === "error");
  const [tried, setTried] = useState(false);
  // What nobody has changed keeps its nanoseconds.
  const moment = (text: string, kept: bigint) =>
    text === shown(kept) ? kept : parseMoment(text, zone === "utc", range.endNs);
  const startNs = moment(from, first.startNs);
  const endNs = moment(to, first.endNs);
  const minNs = parseDuration(shortest);
  const maxNs = parseDuration(longest);
  const trouble = {
    from: startNs === null ? "Write it as 2026-11-23 04:00:05." : undefined,
    to:
      endNs === null
        ? "Write it as 2026-11-23 04:00:05."
        : startNs !== null && endNs <= startNs
          ? "The end is not after the start."
          : undefined,
    shortest: minNs === null ? "Write it as 250ms or 1.5s." : undefined,
    longest:
      maxNs === null
        ? "Write it as 250ms or 1.5s."
        : typeof minNs === "number" && maxNs !== undefined && maxNs <= minNs
          ? "It is not more than the shortest."
          : undefined,
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.values(trouble).some((one) => one !== undefined)) return;
    if (startNs === null || endNs === null || minNs === null || maxNs === null) return;
    onSelect({
      startNs,
      endNs,
      ...(minNs !== undefined && minNs > 0 && { minNs }),
      ...(maxNs !== undefined && { maxNs }),
      ...(errors && { status: "error" as const }),
    });
  };
  const fields = [
    ["From", from, setFrom, trouble.from],
    ["To", to, setTo, trouble.to],
    ["Shortest duration", shortest, setShortest, trouble.shortest],
    ["Longest duration", longest, setLongest, trouble.longest],
  ] as const;
  return (
    <form className={styles.form} onSubmit={submit}>
      <div className={styles.fields}>
        {fields.map(([label, value, set, wrong]) => (
          <TextField
            key={label}
            label={label}
            value={value}
            placeholder={label.endsWith("duration") ? "any" : undefined}
            trouble={tried ? wrong : undefined}
            onChange={(event) => set(event.target.value)}
          />
        ))}
      </div>
      <div className={styles.foot}>
        <Switch label="Only errors" checked={errors} onChange={setErrors} />
        <Button type="submit" look="primary" small>
          Select
        </Button>
      </div>
    </form>
  );
}
