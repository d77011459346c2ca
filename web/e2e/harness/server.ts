/** The real `clew serve`, on free ports and a folder of its own. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import https from "node:https";
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
  /** The data folder. */
  folder: string;
  /** Address of the UI and its API, without a slash at the end. */
  ui: string;
  /** Address for OTLP over HTTP. */
  otlp: string;
  stop: () => Promise<void>;
}

interface Wanted {
  /** More words for `clew serve`. */
  options?: readonly string[];
  /** With a certificate of its own making; `ca.pem` beside it trusts it. */
  tls?: boolean;
  folder?: string;
}

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "clew-e2e-"));
}

/** Certificates of a Clew that was started with `tls`. */
export function certificates(folder: string): string {
  return join(folder, "tls");
}

export async function startClew({
  options = [],
  tls,
  folder = newFolder(),
}: Wanted = {}): Promise<Clew> {
  const scheme = tls ? "https" : "http";
  const secured = tls ? await withCertificate(folder) : [];
  const [grpc, otlp, ui] = await freeAddresses(3);
  const words = ["--data-dir", folder, "--grpc", `${grpc}`, "--http", `${otlp}`, "--ui", `${ui}`];
  const server = run(["serve", ...words, ...secured, ...options]);
  const clew = {
    folder,
    ui: `${scheme}://${ui}`,
    otlp: `${scheme}://${otlp}`,
    stop: async () => {
      await ended(server.process);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  const ready = async () => {
    if (server.process.exitCode !== null) throw new Error(`clew serve ended:\n${server.log()}`);
    return answers(`${clew.ui}/readyz`);
  };
  await until(ready, READY_WITHIN_MS, () => `clew serve is not ready:\n${server.log()}`).catch(
    async (error: unknown) => {
      await clew.stop();
      throw error;
    },
  );
  return clew;
}

async function withCertificate(folder: string): Promise<string[]> {
  const made = certificates(folder);
  await clewCommand(["tls", "dev-cert", "--dir", made]);
  return ["--tls-cert", join(made, "server.pem"), "--tls-key", join(made, "server-key.pem")];
}

/** Whether it says 200; its certificate is not what is asked about. */
function answers(url: string): Promise<boolean> {
  const get = url.startsWith("https") ? https.get : http.get;
  return new Promise((resolve) => {
    get(url, { rejectUnauthorized: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    }).on("error", () => resolve(false));
  });
}

/** A command of Clew's until its end; what it said. */
export async function clewCommand(words: readonly string[]): Promise<string> {
  const { process: child, log } = run(words);
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`clew ${words.join(" ")} failed:\n${log()}`);
  return log();
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
