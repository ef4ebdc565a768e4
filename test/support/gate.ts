import type { Fault } from './faulty-repository.js';

/** A call that waits until the test lets it go on. */
export interface Gate {
  readonly fault: Fault;
  /** Resolves when the call has arrived. */
  readonly arrived: Promise<unknown>;
  open(): void;
}

/** Makes a fault that holds a call back, and then lets it pass. */
export function gate(): Gate {
  const [arrived, opened] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const meanwhile = () => {
    arrived.resolve();
    return opened.promise;
  };
  return { fault: { effect: 'none', meanwhile }, arrived: arrived.promise, open: () => opened.resolve() };
}
