import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { accountOf, commandIn, type Account, type DaemonPlace } from './daemon-place.js';

/** A directory and an account for a database server, because servers refuse to run as root. */
export class Daemon {
  readonly directory: string;
  readonly #place: DaemonPlace;
  readonly #account: Account;
  #process: ChildProcess | undefined;

  /** @param user the account of the server if the tests run as root; in a tree, that of the tree */
  constructor(name: string, user: string, place: DaemonPlace = {}) {
    this.#place = place;
    this.directory = mkdtempSync(join(place.tree ? join(place.tree, 'tmp') : (place.parent ?? tmpdir()), `${name}-`));
    this.#account = accountOf(user, place);
    this.#own(this.directory);
  }

  /** Returns the path of something in the directory, as the server sees it. */
  path(name: string): string {
    return join('/', relative(this.#place.tree ?? '/', this.directory), name);
  }

  /** Makes a subdirectory that the server owns. */
  makeDirectory(name: string): void {
    mkdirSync(join(this.directory, name), { mode: 0o700 });
    this.#own(join(this.directory, name));
  }

  /** Runs a program of the server and waits for its end. */
  run(program: string, ...parameters: string[]): void {
    const [file, words, options] = this.#command(program, parameters);
    execFileSync(file, words, { ...options, stdio: 'pipe' });
  }

  /** Runs a program of the server that may fail. Returns its output. */
  runToSee(program: string, ...parameters: string[]): string {
    const [file, words, options] = this.#command(program, parameters);
    const { stdout, stderr } = spawnSync(file, words, { ...options, encoding: 'utf8' });
    return stdout + stderr;
  }

  /** Starts the server. Its output goes to a file in the directory. */
  start(program: string, ...parameters: string[]): void {
    const [file, words, options] = this.#command(program, parameters);
    const log = openSync(this.#log, 'a');
    this.#process = spawn(file, words, { ...options, stdio: ['ignore', log, log], detached: true });
    closeSync(log);
  }

  get pid(): number {
    return this.#process!.pid!;
  }

  get isRunning(): boolean {
    return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Stops the server and its helper processes until `resume`. Its connections stay open. */
  pause(): void {
    process.kill(-this.pid, 'SIGSTOP');
  }

  resume(): void {
    process.kill(-this.pid, 'SIGCONT');
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

  #command(program: string, parameters: readonly string[]) {
    const [file, words, { env, ...account }] = commandIn(this.#place, this.#account, program, parameters);
    // MariaDB deletes the temporary tables that it finds at its start, also those of another server in the same directory.
    const own = { HOME: this.path(''), TMPDIR: this.path('') };
    return [file, words, { ...account, cwd: this.directory, env: { ...env, ...own } }] as const;
  }
}
