import { AsyncLocalStorage } from 'node:async_hooks';

/** A step of I/O that an actor waits for. */
interface Step {
  readonly actor: string;
  readonly name: string;
  /** Whether it could run now; a step that waits for a lock cannot. */
  readonly isEnabled: () => boolean;
  /** Each way the step can end now. */
  readonly outcomes: () => readonly (() => void)[];
}

/** Decides which of so many goes next. */
export type Choose = (options: number) => number;

/** An actor that waits for no step after so many turns of the event loop cannot go on. */
const MOST_TURNS = 10;

/** The actor that runs, and the scheduler that lets it run. One for all schedulers: a context remembers every one that it has passed through. */
const ACTOR = new AsyncLocalStorage<{ readonly name: string; readonly scheduler: Scheduler }>();

/** The time of the process that runs now, in ms. In a walk it is later by each time that the process has stood still, and else stays. */
export function timeInWalk(): number {
  const running = ACTOR.getStore();
  return running ? running.scheduler.timeOf(running.name) : 0;
}

/** Runs actors step by step: between two steps of one, any step of another may come. */
export class Scheduler {
  readonly #waiting: Step[] = [];
  /** The steps that were run, for a failing history. */
  readonly trace: string[] = [];
  readonly #stoodStill = new Map<string, number>();
  #now = 0;
  #looks = 0;

  /** Counts the steps: when something happened. */
  get now(): number {
    return this.#now;
  }

  /** The actor that runs now. */
  get actor(): string {
    return ACTOR.getStore()?.name ?? '?';
  }

  /** Lets the process of an actor stand still for a time, in ms: for the process, the next moment is so much later. */
  standStill(actor: string, ms: number): void {
    this.#stoodStill.set(actor, (this.#stoodStill.get(actor) ?? 0) + ms);
  }

  /** The time of an actor's process, in ms. No two looks at it are the same. */
  timeOf(actor: string): number {
    return ++this.#looks * 1e-6 + (this.#stoodStill.get(actor) ?? 0);
  }

  /**
   * Waits until the scheduler lets this step happen.
   *
   * @param effects what may happen by then; each gives the result, or throws the error, of the step
   */
  step<Result>(name: string, effects: () => readonly (() => Result)[], isEnabled: () => boolean = () => true): Promise<Result> {
    const { actor } = this;
    return new Promise((resolve, reject) => {
      const settling = (effect: () => Result) => () => {
        try {
          resolve(effect());
        } catch (error) {
          reject(error as Error);
        }
      };
      const outcomes = () => effects().map(settling);
      this.#waiting.push({ actor, name, isEnabled, outcomes });
    });
  }

  /** Runs all actors to their end. Returns the names of those that cannot go on. */
  async run(actors: Readonly<Record<string, () => Promise<void>>>, choose: Choose): Promise<string[]> {
    const unfinished = new Set(Object.keys(actors));
    for (const [name, work] of Object.entries(actors)) {
      void ACTOR.run({ name, scheduler: this }, work).finally(() => unfinished.delete(name));
    }
    for (;;) {
      // By then every actor waits for a step, or has ended.
      await new Promise(setImmediate);
      let options = this.#options();
      // The library yields for a turn of the event loop when its work takes long, as it may on a busy machine.
      for (let turn = 0; turn < MOST_TURNS && options.length === 0 && unfinished.size > 0; turn++) {
        await new Promise(setImmediate);
        options = this.#options();
      }
      if (options.length === 0) return [...unfinished];
      const { step, outcome, n } = options[options.length > 1 ? choose(options.length) : 0]!;
      this.#waiting.splice(this.#waiting.indexOf(step), 1);
      this.#now++;
      this.trace.push(`${step.actor} ${step.name}${n > 0 ? ` (fault ${n})` : ''}`);
      ACTOR.run({ name: step.actor, scheduler: this }, outcome);
    }
  }

  #options() {
    return this.#waiting.filter((step) => step.isEnabled()).flatMap((step) => step.outcomes().map((outcome, n) => ({ step, outcome, n })));
  }
}
