/** The real `clew serve`, on free ports and a folder of its own. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const LOCAL = join(ROOT, ".venv/bin/python");
const PYTHON = process.env.CLEW_PYTHON ?? (existsSync(LOCAL) ? LOCAL : "python3");
const READY_WITHIN_MS = 60_000;
const LOG_KEPT = 4000;

export interface Clew {
  /** Address of the UI and its API, without a slash at the end. */
  ui: string;
  /** Address for OTLP over HTTP. */
  otlp: string;
  stop: () => Promise<void>;
}

export async function startClew(options: readonly string[] = []): Promise<Clew> {
  const folder = mkdtempSync(join(tmpdir(), "clew-e2e-"));
  const [grpc, http, ui] = await freeAddresses(3);
  const words = ["--data-dir", folder, "--grpc", `${grpc}`, "--http", `${http}`, "--ui", `${ui}`];
  const server = run(["serve", ...words, ...options]);
  const clew = {
    ui: `http://${ui}`,
    otlp: `http://${http}`,
    stop: async () => {
      await ended(server.process);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  const ready = async () => {
    if (server.process.exitCode !== null) throw new Error(`clew serve ended:\n${server.log()}`);
    return fetch(`${clew.ui}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    );
  };
  await until(ready, READY_WITHIN_MS, () => `clew serve is not ready:\n${server.log()}`).catch(
    async (error: unknown) => {
      await clew.stop();
      throw error;
    },
  );
  return clew;
}

/** A command of Clew's until its end. */
export async function clewCommand(words: readonly string[]): Promise<void> {
  const { process: child, log } = run(words);
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`clew ${words.join(" ")} failed:\n${log()}`);
}

function run(words: readonly string[]): { process: ChildProcess; log: () => string } {
  const child = spawn(PYTHON, ["-m", "clew", ...words], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, PYTHONPATH: join(ROOT, "src") },
  });
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      log = (log + chunk.toString()).slice(-LOG_KEPT);
    });
  }
  return { process: child, log: () => log };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  await exit;
}

/** Asks again until it holds; the deadline is an error. */
export async function until(
  holds: () => Promise<boolean>,
  withinMs: number,
  what: () => string,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(what());
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function freeAddresses(count: number): Promise<string[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const found: string[] = [];
  for (const server of servers) {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no free port");
    found.push(`127.0.0.1:${address.port}`);
  }
  for (const server of servers) server.close();
  return found;
}
