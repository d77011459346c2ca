import { type ReactNode, useMemo } from "react";
import { choiceCodec, useUrlState } from "../../../route/url";
import { Badge } from "../../../shared/ui/badge";
import { Tabs } from "../../../shared/ui/tabs";
import { LANGUAGES, type Language, type Proof, stepsOf } from "./catalogue";
import { CodeBlock } from "./code-block";
import { type Asked, isLoopback, render, valuesOf } from "./render";
import styles from "./snippets.module.css";

const CHOSEN = choiceCodec(
  "lang",
  LANGUAGES.map(({ id }) => id),
  "python",
);
const TABS = LANGUAGES.map(({ id, name }) => [id, name] as const);

/** What to install, set and run in each language, with this Clew's address, name and key in it. */
export function Snippets(asked: Asked): ReactNode {
  const [chosen, setChosen] = useUrlState(CHOSEN);
  const language = LANGUAGES.find(({ id }) => id === chosen);
  return (
    <Tabs
      label="Language"
      value={chosen}
      onChange={(next) => setChosen(next, "replace")}
      tabs={TABS}
      panelClassName={styles.panel}
    >
      {language ? <Steps language={language} {...asked} /> : null}
    </Tabs>
  );
}

function Steps({ language, ...asked }: Asked & { language: Language }): ReactNode {
  const { endpoint, grpcEndpoint, serviceName, apiKey } = asked;
  const values = useMemo(
    () => valuesOf({ endpoint, grpcEndpoint, serviceName, apiKey }),
    [endpoint, grpcEndpoint, serviceName, apiKey],
  );
  return (
    <>
      <Proved language={language} />
      {language.id === "kubernetes" && isLoopback(endpoint) ? (
        <p className={styles.warning}>
          A pod cannot reach {new URL(endpoint).host}: that is the pod itself. Write the name or
          address under which the cluster reaches Clew in place of YOUR-CLEW-HOST, and let Clew
          listen on it.
        </p>
      ) : null}
      <ol className={styles.steps}>
        {stepsOf(language.id, values).map((step) => (
          <li key={step.title + step.template} className={styles.step}>
            <h3 className={styles.title}>{step.title}</h3>
            <CodeBlock
              text={render(step.template, values)}
              syntax={step.syntax}
              file={step.file}
              label={step.title}
            />
            {step.note === null ? null : <p className={styles.note}>{step.note}</p>}
          </li>
        ))}
      </ol>
    </>
  );
}

function Proved({ language }: { language: Language }): ReactNode {
  return (
    <p className={styles.proof}>
      <Badge tone={language.proof === "documentation" ? "plain" : "ok"}>
        {PROVED[language.proof]}
      </Badge>
      <span>
        Documentation:{" "}
        <a href={language.docs} target="_blank" rel="noreferrer noopener">
          {language.docs.replace("https://", "")}
        </a>
      </span>
    </p>
  );
}

const PROVED: Readonly<Record<Proof, string>> = {
  run: "Run by our tests",
  variables: "Its variables are run by our tests",
  documentation: "Taken from its documentation",
};
