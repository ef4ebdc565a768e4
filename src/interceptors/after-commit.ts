import { Observable, type Subscriber } from 'rxjs';

/** Commits what a handler has changed so far; undefined when that is nothing. */
export type Commit = () => Promise<void> | undefined;

/**
 * Passes on what a handler emits, in its order: each value, and an error, when what was changed before it is committed.
 * A commit that fails becomes the error. Where nothing is left to commit nothing waits.
 *
 * One operator, for composed of rxjs's own it would be four, and every request would pay for each.
 */
export function afterCommit(handled: Observable<unknown>, commit: Commit): Observable<unknown> {
  return new Observable((subscriber) => {
    const line = new CommitLine(subscriber, commit);
    return handled.subscribe({
      next: (value) => line.afterCommit(() => subscriber.next(value)),
      error: (thrown: unknown) => line.afterCommit(() => subscriber.error(thrown)),
      complete: () => line.inTurn(() => subscriber.complete()),
    });
  });
}

/** What waits for its commit, one after the other. */
class CommitLine {
  /** Resolves when all that came before is passed on; undefined when it is already. */
  #last: Promise<void> | undefined;

  constructor(
    private readonly subscriber: Subscriber<unknown>,
    private readonly commit: Commit,
  ) {}

  /** Passes on after a commit. */
  afterCommit(passOn: () => void): void {
    this.inTurn(() => {
      try {
        const committed = this.commit();
        return committed ? committed.then(passOn, this.#fail) : passOn();
      } catch (error) {
        return this.#fail(error);
      }
    });
  }

  readonly #fail = (error: unknown) => this.subscriber.error(error);

  /** Takes a step when all before are taken, unless nobody listens any more. */
  inTurn(step: () => Promise<void> | void): void {
    if (this.#last) this.#wait(this.#last.then(() => (this.subscriber.closed ? undefined : step())));
    else {
      const taken = step();
      if (taken) this.#wait(taken);
    }
  }

  #wait(last: Promise<void>): void {
    this.#last = last;
    void last.then(() => {
      if (this.#last === last) this.#last = undefined;
    });
  }
}
