import { existsSync } from 'node:fs';
import { refreshed, type Tokens } from './tokens.js';

/** The longest time that the event loop is blocked, in ms. Only a test that fails takes so long. */
const LONGEST_BLOCK = 20_000;

/** The end of a blocked event loop. */
export interface Block {
  /** The event loop is blocked until this file is there. */
  readonly file: string;
  /** Tells the test that the event loop is blocked now. */
  readonly tell: () => Promise<void>;
}

/** Blocks the event loop. */
export async function block({ file, tell }: Block): Promise<void> {
  await tell();
  const end = performance.now() + LONGEST_BLOCK;
  while (!existsSync(file) && performance.now() < end);
}

/** Ends this process as a crash does. */
export function die(): Promise<never> {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => {});
}

/** Refreshes tokens with a fault on the way. */
export const FAULTS = {
  none: refreshed,
  'killed before the redemption': die,
  'killed before the commit': async (tokens) => {
    await refreshed(tokens);
    return die();
  },
  // The app kills it when `once` has returned.
  'killed after the commit': refreshed,
  // The app blocks it when it has the lease.
  'blocked before the work': refreshed,
  'blocked before the redemption': async (tokens, until) => {
    await block(until);
    return refreshed(tokens);
  },
  'blocked, and aware of it': async (tokens, until) => {
    await block(until);
    return { ...tokens, accessToken: 'of the blocked process', round: tokens.round + 1 };
  },
  // A process that is blocked does not notice that its connections have ended. So it commits on one of them.
  'blocked before the commit': async (tokens, until) => {
    const fresh = await refreshed(tokens);
    await block(until);
    return fresh;
  },
} as const satisfies Record<string, (tokens: Tokens, until: Block) => Promise<Tokens>>;

/** The name of a fault. */
export type TokenFault = keyof typeof FAULTS;
