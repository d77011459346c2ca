import { Select as Base } from "@base-ui/react/select";
import { Check, ChevronDown } from "lucide-react";
import type { ReactNode } from "react";
import { classes } from "../classes";
import { buttonClass } from "./button";
import field from "./field.module.css";
import styles from "./popup.module.css";

interface SelectProps<T extends string> {
  label: string;
  value: T;
  onChange: (value: T) => void;
  choices: readonly (readonly [T, string])[];
  small?: boolean;
}

export function Select<T extends string>(props: SelectProps<T>): ReactNode {
  const { label, value, onChange, choices, small = false } = props;
  return (
    <Base.Root
      value={value}
      onValueChange={(next) => next !== null && onChange(next)}
      items={choices.map(([choice, shown]) => ({ value: choice, label: shown }))}
      modal={false}
    >
      <Base.Trigger aria-label={label} className={classes(buttonClass({ small }), field.select)}>
        <Base.Value />
        <Base.Icon>
          <ChevronDown size={14} />
        </Base.Icon>
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner
          className={styles.positioner}
          alignItemWithTrigger={false}
          sideOffset={6}
          collisionPadding={8}
        >
          <Base.Popup className={classes(styles.popup, styles.menu)}>
            {choices.map(([choice, shown]) => (
              <Base.Item key={choice} value={choice} className={styles.item}>
                <Base.ItemText>{shown}</Base.ItemText>
                <span className={styles.hint}>
                  <Base.ItemIndicator>
                    <Check size={14} />
                  </Base.ItemIndicator>
                </span>
              </Base.Item>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
