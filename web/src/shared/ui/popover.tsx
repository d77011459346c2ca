import { Popover as Base } from "@base-ui/react/popover";
import type { ReactElement, ReactNode } from "react";
import { classes } from "../classes";
import styles from "./popup.module.css";

interface PopoverProps {
  /** The button that opens it. */
  trigger: ReactElement<Record<string, unknown>>;
  /** Its name for screen readers. */
  label: string;
  align?: "start" | "center" | "end";
  side?: "bottom" | "top" | "left" | "right";
  open?: boolean;
  onOpenChange?: (open: boolean) => void;
  className?: string | undefined;
  children: ReactNode;
}

export function Popover(props: PopoverProps): ReactNode {
  const { trigger, label, align = "start", side = "bottom", children, className } = props;
  const controlled = {
    ...(props.open !== undefined && { open: props.open }),
    ...(props.onOpenChange && { onOpenChange: props.onOpenChange }),
  };
  return (
    <Base.Root {...controlled}>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner
          className={styles.positioner}
          align={align}
          side={side}
          sideOffset={6}
          collisionPadding={8}
        >
          <Base.Popup aria-label={label} className={classes(styles.popup, className)}>
            {children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
