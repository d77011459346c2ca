import { type ReactNode, useMemo } from "react";
import { CopyButton } from "../../../shared/ui/copy-button";
import styles from "./code-block.module.css";
import { colourCode } from "./colour-code";

interface CodeBlockProps {
  text: string;
  syntax: string;
  /** The name of the file that it belongs into, if it is one. */
  file: string | null;
  /** What it is, for screen readers. */
  label: string;
}

export function CodeBlock({ text, syntax, file, label }: CodeBlockProps): ReactNode {
  const tokens = useMemo(() => colourCode(text, syntax), [text, syntax]);
  return (
    <figure className={styles.block}>
      {file === null ? null : <figcaption className={styles.file}>{file}</figcaption>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard */}
      <pre className={styles.code} tabIndex={0} role="region" aria-label={label}>
        <code>
          {tokens.map((token, place) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: tokens have no name but their place
            <span key={place} className={styles[token.kind]}>
              {token.text}
            </span>
          ))}
        </code>
      </pre>
      <span className={styles.copy}>
        <CopyButton label={`Copy: ${label}`} text={`${text}\n`} />
      </span>
    </figure>
  );
}
