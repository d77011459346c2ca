import { Tooltip as Base } from "@base-ui/react/tooltip";
import type { ReactElement, ReactNode } from "react";
import { Kbd } from "./kbd";
import styles from "./tooltip.module.css";

interface TooltipProps {
  text: ReactNode;
  shortcut?: string;
  side?: "top" | "bottom" | "left" | "right";
  children: ReactElement<Record<string, unknown>>;
}

/** Says more of what is under the pointer or has the focus; never the only place of a fact. */
export function Tooltip({ text, shortcut, side = "bottom", children }: TooltipProps): ReactNode {
  return (
    <Base.Root>
      <Base.Trigger render={children} />
      <Base.Portal>
        <Base.Positioner className={styles.positioner} side={side} sideOffset={6}>
          <Base.Popup className={styles.tooltip}>
            {text}
            {shortcut === undefined ? null : <Kbd keys={shortcut} />}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}

/** Tooltips within it open at once after the first. */
export function TooltipProvider({ children }: { children: ReactNode }): ReactNode {
  return <Base.Provider delay={400}>{children}</Base.Provider>;
}
