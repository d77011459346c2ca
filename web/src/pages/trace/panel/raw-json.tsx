import { type ReactNode, useMemo } from "react";
import { CopyButton } from "../../../shared/ui/copy-button";
import styles from "./raw-json.module.css";
import { Section } from "./section";

/** Longer text makes the browser slow; copying has all of it. */
const MOST_SHOWN = 40_000;

/** The span as the API gives it. */
export function RawJson({ value }: { value: object }): ReactNode {
  return (
    <Section
      title="Raw JSON"
      open={false}
      aside={<CopyButton text={() => JSON.stringify(value, null, 2)} label="Copy JSON" />}
    >
      <Text value={value} />
    </Section>
  );
}

function Text({ value }: { value: object }): ReactNode {
  const text = useMemo(() => JSON.stringify(value, null, 2), [value]);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, so the keyboard has to reach it */}
      <pre className={styles.text} tabIndex={0}>
        {text.slice(0, MOST_SHOWN)}
      </pre>
      {text.length > MOST_SHOWN ? (
        <p className={styles.note}>
          {(text.length - MOST_SHOWN).toLocaleString("en")} more characters are not shown; copying
          has all of them.
        </p>
      ) : null}
    </>
  );
}
