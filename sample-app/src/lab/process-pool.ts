import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Subject } from 'rxjs';
import type { ProcessEvent, Side } from './race-event.js';

/** A process that answers the requests of races. */
interface RacingProcess {
  readonly child: ChildProcess;
  readonly urls: Readonly<Record<Side, string>>;
}

/** The processes that answer the requests of races. They start at the first race and run until the app ends. */
@Injectable()
export class ProcessPool implements OnApplicationShutdown {
  readonly #events = new Subject<ProcessEvent>();
  readonly #processes: RacingProcess[] = [];
  /** Processes start one after the other, because the first one creates the tables. */
  #growing: Promise<unknown> = Promise.resolve();

  /** The events that the processes record. */
  readonly events = this.#events.asObservable();

  /** Returns the addresses of this many processes. */
  async urls(count: number): Promise<readonly Readonly<Record<Side, string>>[]> {
    const grown = this.#growing.then(() => this.#grow(count));
    this.#growing = grown.catch(() => {});
    await grown;
    return this.#processes.slice(0, count).map(({ urls }) => urls);
  }

  /** Waits until all events recorded so far have arrived. */
  async drain(): Promise<void> {
    await Promise.all(this.#processes.map(({ child }) => echo(child)));
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#growing;
    await Promise.all(this.#processes.map(({ child }) => end(child)));
  }

  async #grow(count: number): Promise<void> {
    while (this.#processes.length < count) this.#processes.push(await this.#start());
  }

  async #start(): Promise<RacingProcess> {
    const child = fork(new URL('racing-process.js', import.meta.url), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const early = once(child, 'exit').then(([code]) =>
      Promise.reject(new Error(`A racing process ended with code ${code} during its start.`)),
    );
    const [{ urls }] = (await Promise.race([once(child, 'message'), early])) as [RacingProcess];
    early.catch(() => {});
    child.on('message', (event: ProcessEvent | Echo) => {
      if (event.type !== 'echo') this.#events.next(event);
    });
    return { child, urls };
  }
}

/** A message that the process returns after all earlier messages. */
interface Echo {
  readonly type: 'echo';
}

async function echo(child: ChildProcess): Promise<void> {
  const back = new Promise<void>((resolve) => {
    const listen = ({ type }: Echo) => {
      if (type !== 'echo') return;
      child.off('message', listen);
      resolve();
    };
    child.on('message', listen);
  });
  child.send({ type: 'echo' } satisfies Echo);
  await back;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = once(child, 'exit');
  child.disconnect();
  await exited;
}
