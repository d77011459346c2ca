/** Writes THIRD-PARTY-LICENSES beside the page: the terms of every package whose code is in it. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

const INSTALLED = "/node_modules/";
const TERMS = /^(licen[cs]e|copying|notice|ofl)/i;

export function licences(): Plugin {
  return {
    name: "clew:licences",
    apply: "build",
    generateBundle(_, bundle) {
      const folders = new Set<string>();
      for (const part of Object.values(bundle)) {
        const used = part.type === "chunk" ? Object.keys(part.modules) : part.originalFileNames;
        for (const id of used) {
          const folder = packageOf(id);
          if (folder !== null) folders.add(folder);
        }
      }
      // A style sheet that others import is no module of any chunk.
      for (const id of this.getModuleIds()) {
        const folder = id.includes("@fontsource") ? packageOf(id) : null;
        if (folder !== null) folders.add(folder);
      }
      const source = [...folders]
        .map(termsOf)
        .sort()
        .join(`\n${"-".repeat(80)}\n\n`);
      this.emitFile({ type: "asset", fileName: "THIRD-PARTY-LICENSES", source });
    },
  };
}

/** The folder of the installed package that a module is of; null for one of ours. */
export function packageOf(id: string): string | null {
  const path = id.replace(/^\0/, "").replace(/\?.*$/, "");
  const at = path.lastIndexOf(INSTALLED);
  if (at < 0) return null;
  const [first = "", second = ""] = path.slice(at + INSTALLED.length).split("/");
  const name = first.startsWith("@") ? `${first}/${second}` : first;
  const folder = path.slice(0, at) + INSTALLED + name;
  return existsSync(join(folder, "package.json")) ? folder : null;
}

function termsOf(folder: string): string {
  const { name, version, license } = JSON.parse(
    readFileSync(join(folder, "package.json"), "utf8"),
  ) as { name: string; version: string; license?: string };
  const texts = readdirSync(folder)
    .filter((file) => TERMS.test(file))
    .map((file) => readFileSync(join(folder, file), "utf8").trim());
  if (license === undefined && texts.length === 0) {
    throw new Error(`${name} ${version} says nothing of its licence: it cannot be given out`);
  }
  return [`${name} ${version} (${license ?? "see below"})`, ...texts].join("\n\n").concat("\n");
}
