import { Menu as Base } from "@base-ui/react/menu";
import { Check } from "lucide-react";
import type { ReactElement, ReactNode } from "react";
import { classes } from "../classes";
import styles from "./popup.module.css";

interface MenuProps {
  trigger: ReactElement<Record<string, unknown>>;
  align?: "start" | "center" | "end";
  side?: "bottom" | "top" | "left" | "right";
  children: ReactNode;
}

export function Menu({
  trigger,
  align = "start",
  side = "bottom",
  children,
}: MenuProps): ReactNode {
  return (
    <Base.Root modal={false}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner
          className={styles.positioner}
          align={align}
          side={side}
          sideOffset={6}
          collisionPadding={8}
        >
          <Base.Popup className={classes(styles.popup, styles.menu)}>{children}</Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

interface MenuItemProps {
  onClick: () => void;
  icon?: ReactNode;
  hint?: ReactNode;
  disabled?: boolean;
  children: ReactNode;
}

export function MenuItem({ onClick, icon, hint, disabled, children }: MenuItemProps): ReactNode {
  return (
    <Base.Item className={styles.item} onClick={onClick} disabled={disabled ?? false}>
      {icon}
      {children}
      {hint === undefined ? null : <span className={styles.hint}>{hint}</span>}
    </Base.Item>
  );
}

interface MenuChoicesProps<T extends string> {
  label: string;
  value: T;
  onChange: (value: T) => void;
  choices: readonly (readonly [T, ReactNode])[];
}

export function MenuChoices<T extends string>(props: MenuChoicesProps<T>): ReactNode {
  const { label, value, onChange, choices } = props;
  return (
    <Base.RadioGroup value={value} onValueChange={onChange} aria-label={label}>
      <div className={styles.groupLabel} aria-hidden="true">
        {label}
      </div>
      {choices.map(([choice, shown]) => (
        <Base.RadioItem key={choice} value={choice} className={styles.item} closeOnClick={false}>
          {shown}
          <span className={styles.hint}>
            <Base.RadioItemIndicator>
              <Check size={14} />
            </Base.RadioItemIndicator>
          </span>
        </Base.RadioItem>
      ))}
    </Base.RadioGroup>
  );
}

export function MenuSeparator(): ReactNode {
  return <Base.Separator className={styles.separator} />;
}
