import type { ReactNode } from "react";
import { classes } from "../classes";
import styles from "./badge.module.css";

interface BadgeProps {
  tone?: "plain" | "error" | "warn" | "ok" | "accent";
  children: ReactNode;
}

export function Badge({ tone = "plain", children }: BadgeProps): ReactNode {
  return (
    <span className={classes(styles.badge, tone !== "plain" && styles[tone])}>{children}</span>
  );
}
