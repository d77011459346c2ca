import { Circle, CircleCheck, CircleDot } from "lucide-react";
import type { ReactNode } from "react";
import type { Step } from "./progress";
import styles from "./send-page.module.css";

const ICONS = {
  reached: <CircleCheck size={16} />,
  next: <CircleDot size={16} />,
  later: <Circle size={16} />,
};
const WORDS = { reached: "reached", next: "waiting", later: "not yet" };

/** The way of the first data, and how far it has come. */
export function ProgressStrip({ steps }: { steps: readonly Step[] }): ReactNode {
  const next = steps.findIndex((step) => !step.reached);
  return (
    <ol className={styles.steps} aria-label="How far the first data has come">
      {steps.map((step, index) => {
        const state = step.reached ? "reached" : index === next ? "next" : "later";
        return (
          <li key={step.name} className={styles.step} data-state={state}>
            {ICONS[state]}
            <span className={styles.stepName}>
              {step.name}
              {state === "next" ? null : <span className="visually-hidden">: {WORDS[state]}</span>}
            </span>
            <span className={styles.detail}>
              {step.detail || (state === "next" ? WORDS.next : "")}
            </span>
          </li>
        );
      })}
    </ol>
  );
}
