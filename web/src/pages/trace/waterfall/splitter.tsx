import { type KeyboardEvent, type PointerEvent, type ReactNode, useRef } from "react";
import styles from "./splitter.module.css";

interface SplitterProps {
  label: string;
  value: number;
  min: number;
  max: number;
  /** 1 if the part left of it grows to the right, -1 if the part right of it grows to the left. */
  direction: 1 | -1;
  onChange: (value: number) => void;
  className?: string | undefined;
}

const KEY_STEP = 24;

/** A border that can be moved, by pointer and by the arrow keys. */
export function Splitter(props: SplitterProps): ReactNode {
  const { label, value, min, max, direction, onChange, className = "" } = props;
  const start = useRef<{ x: number; value: number } | null>(null);
  const set = (next: number) => onChange(Math.round(Math.max(min, Math.min(max, next))));
  const press = (event: KeyboardEvent) => {
    const by = { ArrowLeft: -KEY_STEP, ArrowRight: KEY_STEP }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    set(value + by * direction);
  };
  return (
    <div
      role="separator"
      tabIndex={0}
      aria-label={label}
      aria-orientation="vertical"
      aria-valuenow={value}
      aria-valuemin={min}
      aria-valuemax={max}
      className={`${styles.splitter} ${className}`}
      onKeyDown={press}
      onPointerDown={(event: PointerEvent) => {
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { x: event.clientX, value };
      }}
      onPointerMove={(event: PointerEvent) => {
        const from = start.current;
        if (from !== null) set(from.value + (event.clientX - from.x) * direction);
      }}
      onPointerUp={() => {
        start.current = null;
      }}
      onPointerCancel={() => {
        start.current = null;
      }}
    />
  );
}
