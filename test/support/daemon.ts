import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

interface Account {
  readonly uid?: number;
  readonly gid?: number;
}

/** The directories of programs. Debian keeps server programs outside the usual PATH. */
const DIRECTORIES = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', ...versioned('/usr/lib/postgresql')];

function versioned(directory: string): string[] {
  return existsSync(directory)
    ? readdirSync(directory)
        .toSorted()
        .map((version) => join(directory, version, 'bin'))
    : [];
}

/** Returns the path of a program, or undefined if it is not installed. */
export function findProgram(name: string): string | undefined {
  return DIRECTORIES.map((directory) => join(directory, name)).findLast((file) => existsSync(file));
}

/** Returns a free port. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** A directory and an account for a database server, because servers refuse to run as root. */
export class Daemon {
  readonly directory: string;
  readonly #account: Account;
  #process: ChildProcess | undefined;

  /** @param user the account of the server if the tests run as root */
  constructor(name: string, user: string) {
    this.directory = mkdtempSync(join(tmpdir(), `${name}-`));
    this.#account = process.getuid?.() === 0 ? { uid: idOf('-u', user), gid: idOf('-g', user) } : {};
    this.#own(this.directory);
  }

  /** Makes a subdirectory that the server owns. */
  makeDirectory(name: string): void {
    mkdirSync(join(this.directory, name), { mode: 0o700 });
    this.#own(join(this.directory, name));
  }

  /** Runs a program of the server and waits for its end. */
  run(program: string, ...parameters: string[]): void {
    execFileSync(findProgram(program)!, parameters, { ...this.#account, cwd: this.directory, env: this.#environment(), stdio: 'pipe' });
  }

  /** Runs a program of the server that may fail. Returns its output. */
  runToSee(program: string, ...parameters: string[]): string {
    const { stdout, stderr } = spawnSync(findProgram(program)!, parameters, {
      ...this.#account,
      cwd: this.directory,
      env: this.#environment(),
      encoding: 'utf8',
    });
    return stdout + stderr;
  }

  /** Starts the server. Its output goes to a file in the directory. */
  start(program: string, ...parameters: string[]): void {
    const log = openSync(this.#log, 'a');
    this.#process = spawn(findProgram(program)!, parameters, {
      ...this.#account,
      cwd: this.directory,
      env: this.#environment(),
      stdio: ['ignore', log, log],
      detached: true,
    });
    closeSync(log);
  }

  get pid(): number {
    return this.#process!.pid!;
  }

  get isRunning(): boolean {
    return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Sends a signal and waits for the end of the server and of its helper processes. */
  async end(signal: NodeJS.Signals): Promise<void> {
    if (!this.isRunning) return;
    const exit = once(this.#process!, 'exit');
    this.#process!.kill(signal);
    await exit;
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // There were no helpers.
    }
  }

  /** Waits until a condition holds. */
  async until(isSo: () => Promise<boolean> | boolean, seconds = 60): Promise<void> {
    for (let n = 0; n < seconds * 20; n++) {
      if (await isSo()) return;
      if (!this.isRunning) break;
      await sleep(50);
    }
    throw new Error(`${this.directory}: the server is not up.\n${readFileSync(this.#log, 'utf8').slice(-4000)}`);
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #own(path: string): void {
    if (this.#account.uid !== undefined) chownSync(path, this.#account.uid, this.#account.gid!);
  }

  get #log(): string {
    return join(this.directory, 'server.log');
  }

  #environment(): NodeJS.ProcessEnv {
    return { PATH: DIRECTORIES.join(delimiter), HOME: this.directory, LC_ALL: 'C.UTF-8' };
  }
}

function idOf(option: string, user: string): number {
  return Number(execFileSync('id', [option, user]));
}
