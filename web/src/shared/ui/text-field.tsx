import { type ComponentProps, type ReactNode, useId } from "react";
import { classes } from "../classes";
import styles from "./field.module.css";

type TextFieldProps = Omit<ComponentProps<"input">, "id"> & {
  label: string;
  /** The label is for screen readers only. */
  hideLabel?: boolean;
  mono?: boolean;
  /** What is wrong with the value. */
  trouble?: string | undefined;
};

export function TextField(props: TextFieldProps): ReactNode {
  const { label, hideLabel = false, mono = false, trouble, className, ...rest } = props;
  const id = useId();
  return (
    <div className={classes(styles.field, className)}>
      <label htmlFor={id} className={hideLabel ? "visually-hidden" : styles.label}>
        {label}
      </label>
      <input
        id={id}
        type="text"
        autoComplete="off"
        spellCheck={false}
        className={classes(styles.input, mono && styles.mono)}
        aria-invalid={trouble !== undefined}
        aria-describedby={trouble === undefined ? undefined : `${id}-trouble`}
        {...rest}
      />
      {trouble === undefined ? null : (
        <p id={`${id}-trouble`} className={styles.trouble}>
          {trouble}
        </p>
      )}
    </div>
  );
}
