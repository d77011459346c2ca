import type { ReactNode } from "react";
import styles from "./kbd.module.css";

const NAMES: Record<string, string> = {
  Escape: "Esc",
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  " ": "Space",
};

/** `mod+f` or `g t`, as it stands on the keyboard. */
export function Kbd({ keys }: { keys: string }): ReactNode {
  const mac = navigator.userAgent.includes("Mac OS");
  const shown = (keys === " " ? [" "] : keys.split(" ")).map((stroke) =>
    stroke
      .split(/(?<=.)\+/)
      .map((key) => (key === "mod" ? (mac ? "⌘" : "Ctrl") : (NAMES[key] ?? key)))
      .join(mac ? "" : " "),
  );
  return (
    <span className={styles.kbd}>
      {shown.map((stroke, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the order never changes
        <kbd key={at}>{stroke}</kbd>
      ))}
    </span>
  );
}
