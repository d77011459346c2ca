import type { ComponentProps, ReactNode } from "react";
import { classes } from "../classes";
import styles from "./button.module.css";
import { Tooltip } from "./tooltip";

export interface ButtonLook {
  look?: "plain" | "primary" | "quiet";
  small?: boolean;
}

/** Class names of a button, for links and triggers that look like one. */
export function buttonClass({ look = "plain", small = false }: ButtonLook, icon = false): string {
  return classes(
    styles.button,
    look !== "plain" && styles[look],
    small && styles.small,
    icon && styles.icon,
  );
}

export type ButtonProps = ComponentProps<"button"> & ButtonLook;

export function Button({ look, small, className, ...rest }: ButtonProps): ReactNode {
  const name = classes(buttonClass(asLook(look, small)), className);
  return <button type="button" className={name} {...rest} />;
}

export type IconButtonProps = ButtonProps & {
  /** What it does: its name for screen readers, and its tooltip. */
  label: string;
  shortcut?: string;
};

export function IconButton(props: IconButtonProps): ReactNode {
  const { label, shortcut, look = "quiet", small, className, ...rest } = props;
  const name = classes(buttonClass(asLook(look, small), true), className);
  const button = <button type="button" aria-label={label} className={name} {...rest} />;
  return (
    <Tooltip text={label} {...(shortcut === undefined ? {} : { shortcut })}>
      {button}
    </Tooltip>
  );
}

function asLook(look: ButtonLook["look"], small: boolean | undefined): ButtonLook {
  return { ...(look && { look }), ...(small !== undefined && { small }) };
}
