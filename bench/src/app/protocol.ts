import type { Addresses } from '../servers/addresses.js';

/** The settings of the app's process, passed as its argument. */
export interface AppSettings {
  readonly storeId: string;
  readonly addresses: Addresses;
}

/** The calls of the benchmark to the app's process, and their answers. */
export interface AppCalls {
  /** Returns the CPU time used so far, in microseconds. */
  cpu: number;
  /** Starts to count statements. */
  startCounting: null;
  /** Returns the number of statements since then. */
  stopCounting: number;
  /** Closes everything and ends the process. */
  stop: null;
}

/** A call, in the form in which it is sent. */
export interface CallMessage {
  readonly id: number;
  readonly call: keyof AppCalls;
}

/** The answer to a call, or the first message of the app's process: the port it listens on. */
export type AppMessage =
  | { readonly port: number }
  | { readonly id: number; readonly result: AppCalls[keyof AppCalls] }
  | { readonly id: number; readonly error: string };
