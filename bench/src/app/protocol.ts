import type { Addresses } from '../servers/addresses.js';

/** What the app's process is told as its argument. */
export interface AppSettings {
  readonly storeId: string;
  readonly addresses: Addresses;
}

/** What the benchmark may ask the app's process for, and what it answers. */
export interface AppCalls {
  /** The CPU time that it has used so far, in microseconds. */
  cpu: number;
  /** Counts statements from now on. */
  startCounting: null;
  /** How many statements there were since. */
  stopCounting: number;
  /** Closes everything; the process ends. */
  stop: null;
}

/** A call, as it is sent. */
export interface CallMessage {
  readonly id: number;
  readonly call: keyof AppCalls;
}

/** A call's answer, or the first word of the app's process: the port it listens on. */
export type AppMessage =
  | { readonly port: number }
  | { readonly id: number; readonly result: AppCalls[keyof AppCalls] }
  | { readonly id: number; readonly error: string };
