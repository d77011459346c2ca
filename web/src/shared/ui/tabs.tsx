import { Tabs as Base } from "@base-ui/react/tabs";
import type { ReactNode } from "react";
import { classes } from "../classes";
import styles from "./tabs.module.css";

interface TabsProps<T extends string> {
  label: string;
  value: T;
  onChange: (value: T) => void;
  tabs: readonly (readonly [T, ReactNode])[];
  /** The panel of the chosen tab. */
  children: ReactNode;
  className?: string | undefined;
  panelClassName?: string | undefined;
}

export function Tabs<T extends string>(props: TabsProps<T>): ReactNode {
  const { label, value, onChange, tabs, children, className, panelClassName } = props;
  return (
    <Base.Root value={value} onValueChange={(next: T) => onChange(next)} className={className}>
      <Base.List aria-label={label} className={styles.list}>
        {tabs.map(([tab, shown]) => (
          <Base.Tab key={tab} value={tab} className={styles.tab}>
            {shown}
          </Base.Tab>
        ))}
      </Base.List>
      <Base.Panel value={value} className={classes(styles.panel, panelClassName)}>
        {children}
      </Base.Panel>
    </Base.Root>
  );
}
