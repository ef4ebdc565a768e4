import type { Store } from 'express-session';

/** A store for express-session from another package. It writes the whole session back, so the last write wins. */
export interface PlainStore {
  /** The name of its package. */
  readonly name: string;
  /** Whether several processes can share its sessions. */
  readonly isShared: boolean;
  /** Opens the store as the README of its package shows. */
  readonly open: () => Promise<Store>;
}
