import type { ReactNode } from "react";
import { type Shortcut, useShortcuts } from "../shared/shortcuts";
import { Dialog } from "../shared/ui/dialog";
import { Kbd } from "../shared/ui/kbd";
import styles from "./shortcut-help.module.css";

export function ShortcutHelp({ open, onClose }: { open: boolean; onClose: () => void }): ReactNode {
  const groups = grouped(useShortcuts());
  return (
    <Dialog title="Keyboard map" open={open} onClose={onClose} wide>
      <div className={styles.groups}>
        {[...groups].map(([group, shortcuts]) => (
          <section key={group} className={styles.group}>
            <h3>{group}</h3>
            <ul>
              {shortcuts.map((one) => (
                <li key={one.keys} className={styles.row}>
                  {one.description}
                  <Kbd keys={one.keys} />
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </Dialog>
  );
}

/** By group, those of the page first; each key once. */
function grouped(shortcuts: readonly Shortcut[]): Map<string, Shortcut[]> {
  const groups = new Map<string, Shortcut[]>();
  const ordered = [
    ...shortcuts.filter((one) => one.group !== "Everywhere"),
    ...shortcuts.filter((one) => one.group === "Everywhere"),
  ];
  for (const one of ordered) {
    const group = groups.get(one.group) ?? [];
    if (!group.some((other) => other.keys === one.keys)) group.push(one);
    groups.set(one.group, group);
  }
  return groups;
}
