import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterMember } from '../../nemesis/cluster.js';
import { Daemon } from '../daemon.js';
import { HAS_FAKETIME, MovableClock, removeClockOf } from '../skewed-clock.js';
import { slowDown } from '../slow-disk.js';
import { PROGRAMS, programsWith } from './programs.js';
import type { Place } from './place.js';
import { processesIn, commandOf, signalAll } from './processes.js';
import { memberConfiguration, type ClusterSettings } from './patroni-configuration.js';

/** A PostgreSQL server that Patroni starts, watches and promotes. */
export class PatroniMember implements ClusterMember {
  readonly daemon: Daemon;
  readonly name: string;

  /** The clock of PostgreSQL, which decides when a session expires. Patroni's own cannot be moved, because faketime breaks Python's sleep. */
  readonly clock = HAS_FAKETIME ? new MovableClock() : undefined;

  constructor(
    n: number,
    private readonly place: Place,
  ) {
    this.name = `member${n}`;
    this.daemon = new Daemon('patroni', 'postgres', place);
  }

  get address() {
    return { host: this.place.address, port: this.place.port('postgresql'), user: 'postgres', password: '', dbName: 'postgres' };
  }

  /** The port on which Patroni tells the role of the member. */
  get rolePort(): number {
    return this.place.port('patroni');
  }

  /** Writes the configuration, which needs the addresses of etcd. */
  configure(etcd: readonly string[], settings: ClusterSettings): void {
    const { host, port } = this.address;
    const configuration = memberConfiguration({
      name: this.name,
      etcd,
      rest: `${host}:${this.rolePort}`,
      server: `${host}:${port}`,
      directory: this.daemon.directory,
      programs: this.clock ? programsWith(this.clock, join(this.daemon.directory, 'bin')) : PROGRAMS,
      settings,
    });
    // YAML allows JSON.
    writeFileSync(this.#configurationFile, JSON.stringify(configuration), { mode: 0o644 });
  }

  /** Starts Patroni, which starts PostgreSQL. */
  async start(): Promise<void> {
    this.daemon.start('patroni', this.#configurationFile);
  }

  /** Returns what Patroni tells about itself; undefined if it does not answer. */
  status(): Promise<{ readonly role?: string; readonly state?: string; readonly timeline?: number } | undefined> {
    return this.ask('patroni');
  }

  /** Returns Patroni's answer, whichever its status is; undefined if it does not answer. */
  async ask<Answer>(path: string): Promise<Answer | undefined> {
    const url = `http://${this.place.address}:${this.rolePort}/${path}`;
    try {
      return (await (await fetch(url, { signal: AbortSignal.timeout(1000) })).json()) as Answer;
    } catch {
      return undefined;
    }
  }

  /** Hands the lead over to the synchronous standby, as `patronictl switchover` does. */
  async switchOver(): Promise<void> {
    const answer = await fetch(`http://${this.place.address}:${this.rolePort}/switchover`, {
      method: 'POST',
      body: JSON.stringify({ leader: this.name }),
    });
    if (!answer.ok) throw new Error(`No switchover: ${answer.status} ${await answer.text()}`);
  }

  /** Kills all processes, as the loss of a machine does. */
  async crash(): Promise<void> {
    for (const pid of this.clock ? this.#ofPostgresql : []) removeClockOf(pid);
    signalAll(this.#processes, 'SIGKILL');
    while (this.#processes.length > 0) await sleep(20);
  }

  /** Stops all processes for a while, as the pause of a virtual machine does. */
  pause(): void {
    signalAll(this.#processes, 'SIGSTOP');
  }

  resume(): void {
    signalAll(this.#processes, 'SIGCONT');
  }

  /** Sends a signal to Patroni alone. */
  signalPatroni(signal: NodeJS.Signals): void {
    signalAll([this.daemon.pid], signal);
  }

  /** Sends a signal to all processes of PostgreSQL. */
  signalPostgresql(signal: NodeJS.Signals): void {
    signalAll(this.#ofPostgresql, signal);
  }

  /** Delays each sync of PostgreSQL until the returned function is called. */
  slowDiskDown(ms: number): Promise<() => Promise<void>> {
    return slowDown(this.#ofPostgresql, ms);
  }

  /** Ends Patroni, which stops PostgreSQL in order and leaves the lead to another member. */
  async stop(): Promise<void> {
    this.signalPatroni('SIGTERM');
    while (this.#processes.length > 0) await sleep(50);
  }

  async remove(): Promise<void> {
    await this.crash();
    this.daemon.remove();
    this.clock?.remove();
  }

  get data(): string {
    return join(this.daemon.directory, 'data');
  }

  get #configurationFile(): string {
    return join(this.daemon.directory, 'patroni.json');
  }

  get #ofPostgresql(): number[] {
    return this.#processes.filter((pid) => commandOf(pid).includes('postgres:') || commandOf(pid).includes(`-D ${this.data}`));
  }

  get #processes(): number[] {
    return processesIn(this.daemon.directory);
  }
}
