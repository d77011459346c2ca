import { Dialog as Base } from "@base-ui/react/dialog";
import { X } from "lucide-react";
import type { ReactNode } from "react";
import { classes } from "../classes";
import { buttonClass } from "./button";
import styles from "./popup.module.css";

interface DialogProps {
  title: string;
  open: boolean;
  onClose: () => void;
  wide?: boolean;
  children: ReactNode;
}

export function Dialog({ title, open, onClose, wide = false, children }: DialogProps): ReactNode {
  return (
    <Base.Root open={open} onOpenChange={(next) => next || onClose()}>
      <Base.Portal>
        <Base.Backdrop className={styles.backdrop} />
        <Base.Popup className={classes(styles.dialog, wide && styles.wide)}>
          <Base.Title className={styles.title}>{title}</Base.Title>
          <Base.Close
            aria-label="Close"
            className={classes(buttonClass({ look: "quiet", small: true }, true), styles.close)}
          >
            <X size={16} />
          </Base.Close>
          {children}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
