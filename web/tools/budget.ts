/** How much a browser loads before the first page can be drawn; a build with more fails. */

import { gzipSync } from "node:zlib";
import type { Plugin, Rolldown } from "vite";

const MOST_BYTES = 250 * 1024;

export interface Loaded {
  file: string;
  bytes: number;
}

export function budget(): Plugin {
  let say = (_: string): void => undefined;
  return {
    name: "clew:budget",
    apply: "build",
    configResolved(config) {
      say = (text) => config.logger.info(text);
    },
    writeBundle(_, bundle) {
      const list = initial(bundle);
      const sum = list.reduce((bytes, one) => bytes + one.bytes, 0);
      const table = [...list, { file: "together", bytes: sum }].map(line).join("\n");
      say(`Loaded at first, in KiB after gzip (at most ${MOST_BYTES / 1024}):\n${table}`);
      if (sum > MOST_BYTES) {
        throw new Error(
          `what a browser loads at first is too much: ${kib(sum)} KiB after gzip, and ` +
            `${MOST_BYTES / 1024} are the most; make a part of it lazy\n${table}`,
        );
      }
    },
  };
}

/** The entry, all it imports before it runs, and their style sheets; the largest first. */
export function initial(bundle: Rolldown.OutputBundle): Loaded[] {
  const files = new Set<string>();
  const waiting = Object.values(bundle).flatMap((part) =>
    part.type === "chunk" && part.isEntry ? [part.fileName] : [],
  );
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    const part = bundle[file];
    if (part?.type !== "chunk" || files.has(file)) continue;
    files.add(file);
    waiting.push(...part.imports);
    for (const style of part.viteMetadata?.importedCss ?? []) files.add(style);
  }
  return [...files]
    .map((file) => ({ file, bytes: gzipSync(contentOf(bundle[file])).length }))
    .sort((a, b) => b.bytes - a.bytes);
}

function contentOf(part: Rolldown.OutputAsset | Rolldown.OutputChunk | undefined) {
  if (part === undefined) throw new Error("a file that the page loads is not in the build");
  return part.type === "chunk" ? part.code : part.source;
}

function line({ file, bytes }: Loaded): string {
  return `${kib(bytes).padStart(8)}  ${file}`;
}

function kib(bytes: number): string {
  return (bytes / 1024).toFixed(1);
}
