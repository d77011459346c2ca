/** What is shown for each language; the texts are in templates/, which the tests run too. */

import catalogue from "./catalogue.json";
import type { Values } from "./render";

export interface Step {
  title: string;
  /** Its text, still to be filled. */
  template: string;
  /** What colours it: the ending of the file. */
  syntax: string;
  /** The file that it belongs into; null when it is typed into a shell. */
  file: string | null;
  note: string | null;
}

/** What our tests run: all of it, its variables, or nothing: it is taken from its documentation. */
export type Proof = "run" | "variables" | "documentation";

export interface Language {
  id: string;
  name: string;
  proof: Proof;
  docs: string;
}

const TEMPLATES: Readonly<Record<string, string>> = import.meta.glob("./templates/*", {
  query: "?raw",
  import: "default",
  eager: true,
});

export const LANGUAGES: readonly Language[] = catalogue.map(({ id, name, docs, proof }) => ({
  id,
  name,
  docs,
  proof: proof === "run" || proof === "variables" ? proof : "documentation",
}));

/** The steps of a language; some are only there when there is a key, or TLS. */
export function stepsOf(language: string, values: Values): Step[] {
  const written: readonly Written[] = catalogue.find(({ id }) => id === language)?.steps ?? [];
  return written
    .filter(({ when }) => when === undefined || values[when] !== null)
    .map(({ title, template, file, note }) => ({
      title,
      template: textOf(template),
      syntax: template.slice(template.lastIndexOf(".") + 1),
      file: file ?? null,
      note: note ?? null,
    }));
}

interface Written {
  title: string;
  template: string;
  when?: string;
  file?: string;
  note?: string;
}

function textOf(template: string): string {
  const text = TEMPLATES[`./templates/${template}`];
  if (text === undefined) throw new Error(`there is no template ${template}`);
  return text.trimEnd();
}
