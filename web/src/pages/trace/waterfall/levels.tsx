import { ChevronsDownUp, ChevronsUpDown } from "lucide-react";
import type { ReactNode } from "react";
import { IconButton } from "../../../shared/ui/button";
import { Menu, MenuChoices } from "../../../shared/ui/menu";
import { useActions, useTrace } from "../context";
import styles from "./levels.module.css";

const OFFERED = [1, 2, 3, 4, 5, 7, 10, 15, 25, 50, 100];

/** How deep the tree is open. */
export function Levels(): ReactNode {
  const level = useTrace((state) => state.view.level);
  const deepest = useTrace((state) => state.trace.tree.deepest);
  const actions = useActions();
  if (deepest === 0) return null;
  const levels = OFFERED.filter((one) => one <= deepest);
  if (level !== null && level > 0 && !levels.includes(level)) levels.push(level);
  const choices = levels.map(
    (one) => [String(one), one === 1 ? "1 level" : `${one} levels`] as const,
  );
  return (
    <span className={styles.levels}>
      <IconButton small label="Close all" shortcut="[" onClick={() => actions.setLevel(0)}>
        <ChevronsDownUp size={14} />
      </IconButton>
      <IconButton small label="Open all" shortcut="]" onClick={() => actions.setLevel(null)}>
        <ChevronsUpDown size={14} />
      </IconButton>
      <Menu
        align="end"
        trigger={
          <button type="button" className={styles.choose}>
            {level === null ? "All levels" : level === 1 ? "1 level" : `${level} levels`}
          </button>
        }
      >
        <MenuChoices
          label="Open down to"
          value={level === null ? "all" : String(level)}
          onChange={(choice) => actions.setLevel(choice === "all" ? null : Number(choice))}
          choices={[["all", "All levels"], ...choices]}
        />
      </Menu>
    </span>
  );
}
