import { Switch as Base } from "@base-ui/react/switch";
import { type ReactNode, useId } from "react";
import styles from "./field.module.css";

interface SwitchProps {
  label: ReactNode;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

export function Switch({ label, checked, onChange }: SwitchProps): ReactNode {
  const id = useId();
  return (
    <span className={styles.switch}>
      <Base.Root
        aria-labelledby={id}
        checked={checked}
        onCheckedChange={onChange}
        className={styles.track}
      >
        <Base.Thumb className={styles.thumb} />
      </Base.Root>
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the switch takes the keyboard, this widens what a pointer hits */}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: as above */}
      <span id={id} onClick={() => onChange(!checked)}>
        {label}
      </span>
    </span>
  );
}
