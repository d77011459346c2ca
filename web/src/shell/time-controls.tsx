import { ChevronLeft, ChevronRight, Clock, RotateCw, ZoomOut } from "lucide-react";
import { type FormEvent, type ReactNode, useState } from "react";
import { useRefresh, useTimeRange } from "../route/time";
import {
  bounds,
  PRESETS,
  parseLast,
  parseMoment,
  shifted,
  type TimeRange,
  widened,
} from "../route/time-text";
import { formatClock, formatDay, formatTime, type Zone } from "../shared/format";
import { useZone } from "../shared/settings";
import { useShortcut } from "../shared/shortcuts";
import { Button, IconButton } from "../shared/ui/button";
import { Popover } from "../shared/ui/popover";
import { TextField } from "../shared/ui/text-field";
import styles from "./time-controls.module.css";

/** The time range of the page, and how it is kept up to date. */
export function TimeControls(): ReactNode {
  const [range, setRange] = useTimeRange();
  const { live, setLive, nowNs, refreshNow, touch } = useRefresh();
  const [zone] = useZone();
  const [open, setOpen] = useState(false);
  const change = (next: TimeRange) => {
    if (next.kind === "last") touch();
    setRange(next, "push");
  };
  useShortcut("t", "Choose the time range", "Time", () => setOpen(true));
  useShortcut("r", "Refresh", "Time", refreshNow);
  useShortcut("<", "Earlier", "Time", () => change(shifted(range, -1, nowNs)));
  const past = range.kind === "between";
  useShortcut(">", "Later", "Time", () => change(shifted(range, 1, nowNs)), past);
  return (
    <div className={styles.controls}>
      <IconButton
        label="Earlier"
        shortcut="<"
        small
        onClick={() => change(shifted(range, -1, nowNs))}
      >
        <ChevronLeft size={16} />
      </IconButton>
      <Popover
        label="Time range"
        align="end"
        className={styles.popup}
        open={open}
        onOpenChange={setOpen}
        trigger={
          <Button className={styles.range}>
            <Clock size={14} />
            {rangeText(range, zone)}
          </Button>
        }
      >
        <RangeForm
          range={range}
          zone={zone}
          nowNs={nowNs}
          onChoose={(next) => {
            change(next);
            setOpen(false);
          }}
        />
      </Popover>
      <IconButton
        label="Later"
        shortcut=">"
        small
        disabled={!past}
        onClick={() => change(shifted(range, 1, nowNs))}
      >
        <ChevronRight size={16} />
      </IconButton>
      <IconButton
        label="Twice as much time"
        small
        onClick={() => change(range.kind === "last" ? doubled(range) : widened(range, nowNs))}
      >
        <ZoomOut size={15} />
      </IconButton>
      <Button
        className={styles.live}
        aria-pressed={live}
        disabled={past}
        onClick={() => setLive(!live)}
      >
        <span className={styles.dot} />
        Live
      </Button>
      <IconButton label="Refresh" shortcut="r" onClick={refreshNow}>
        <RotateCw size={15} />
      </IconButton>
    </div>
  );
}

function doubled(range: TimeRange & { kind: "last" }): TimeRange {
  const last = parseLast(`${Math.round((range.nanos * 2) / 1e9)}s`);
  const written = last && PRESETS.find((preset) => parseLast(preset)?.nanos === last.nanos);
  if (written) return { kind: "last", nanos: range.nanos * 2, text: written };
  return last ? { kind: "last", ...shorter(last.nanos) } : range;
}

/** `172800` seconds → `2d`. */
function shorter(nanos: number): { nanos: number; text: string } {
  for (const [unit, size] of [
    ["d", 86_400e9],
    ["h", 3600e9],
    ["m", 60e9],
  ] as const) {
    if (nanos % size === 0) return { nanos, text: `${nanos / size}${unit}` };
  }
  return { nanos, text: `${Math.round(nanos / 1e9)}s` };
}

/** `Last 1h`, or from and to; the day only once when it is the same. */
export function rangeText(range: TimeRange, zone: Zone): string {
  if (range.kind === "last") return `Last ${range.text}`;
  const { startNs, endNs } = range;
  const short = endNs - startNs < 120_000_000_000n ? "second" : "minute";
  const end =
    formatDay(startNs, zone) === formatDay(endNs, zone)
      ? formatClock(endNs, zone, short)
      : `${formatDay(endNs, zone)} ${formatClock(endNs, zone, short)}`;
  const utc = zone === "utc" ? " UTC" : "";
  return `${formatDay(startNs, zone)} ${formatClock(startNs, zone, short)} – ${end}${utc}`;
}

interface RangeFormProps {
  range: TimeRange;
  zone: Zone;
  nowNs: bigint;
  onChoose: (range: TimeRange) => void;
}

function RangeForm({ range, zone, nowNs, onChoose }: RangeFormProps): ReactNode {
  const now = bounds(range, nowNs);
  const [last, setLast] = useState(range.kind === "last" ? range.text : "");
  const [from, setFrom] = useState(() => formatTime(now.startNs, zone, "second").replace("Z", ""));
  const [to, setTo] = useState(() => formatTime(now.endNs, zone, "second").replace("Z", ""));
  const [trouble, setTrouble] = useState<{ last?: string; from?: string; to?: string }>({});
  const applyLast = (event: FormEvent) => {
    event.preventDefault();
    const found = parseLast(last);
    if (found) onChoose({ kind: "last", ...found });
    else setTrouble({ last: "Write it as 90m, 1h30m, 2d." });
  };
  const applyBetween = (event: FormEvent) => {
    event.preventDefault();
    const startNs = parseMoment(from, zone === "utc", nowNs);
    const endNs = parseMoment(to, zone === "utc", nowNs);
    const form = "Write it as 2026-11-23 04:00, or 04:00 for today.";
    if (startNs === null) setTrouble({ from: form });
    else if (endNs === null) setTrouble({ to: form });
    else if (startNs >= endNs) setTrouble({ to: "This is before the start." });
    else onChoose({ kind: "between", startNs, endNs });
  };
  return (
    <>
      <div className={styles.presets}>
        {PRESETS.map((preset) => (
          <Button
            key={preset}
            small
            aria-pressed={range.kind === "last" && range.text === preset}
            onClick={() => {
              const found = parseLast(preset);
              if (found) onChoose({ kind: "last", ...found });
            }}
          >
            {preset}
          </Button>
        ))}
      </div>
      <form className={styles.form} onSubmit={applyLast}>
        <TextField
          label="The last"
          placeholder="90m"
          value={last}
          trouble={trouble.last}
          onChange={(event) => setLast(event.target.value)}
        />
        <button type="submit" hidden aria-hidden="true" tabIndex={-1} />
      </form>
      <form className={styles.form} onSubmit={applyBetween}>
        <div className={styles.pair}>
          <TextField
            label="From"
            value={from}
            trouble={trouble.from}
            onChange={(event) => setFrom(event.target.value)}
          />
          <TextField
            label="To"
            value={to}
            trouble={trouble.to}
            onChange={(event) => setTo(event.target.value)}
          />
        </div>
        <div className={styles.foot}>
          {zone === "utc" ? "UTC" : "Local time"}
          <Button type="submit" look="primary" small>
            Use these times
          </Button>
        </div>
      </form>
    </>
  );
}
