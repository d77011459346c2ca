import { Toggle } from "@base-ui/react/toggle";
import { ToggleGroup } from "@base-ui/react/toggle-group";
import type { ReactNode } from "react";
import styles from "./tabs.module.css";

interface SegmentsProps<T extends string> {
  label: string;
  value: T;
  onChange: (value: T) => void;
  choices: readonly (readonly [T, ReactNode])[];
}

/** Exactly one of a few, all in sight. */
export function Segments<T extends string>(props: SegmentsProps<T>): ReactNode {
  const { label, value, onChange, choices } = props;
  const choose = (next: readonly unknown[]) => {
    const chosen = choices.find(([choice]) => choice === next[0]);
    if (chosen) onChange(chosen[0]);
  };
  return (
    <ToggleGroup
      aria-label={label}
      value={[value]}
      onValueChange={choose}
      className={styles.segments}
    >
      {choices.map(([choice, shown]) => (
        <Toggle key={choice} value={choice} className={styles.segment}>
          {shown}
        </Toggle>
      ))}
    </ToggleGroup>
  );
}
