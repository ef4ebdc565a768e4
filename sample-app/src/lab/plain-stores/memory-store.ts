import session from 'express-session';
import type { PlainStore } from './plain-store.js';

/** The default of express-session. */
export const memoryStore: PlainStore = {
  name: 'MemoryStore',
  isShared: false,
  open: async () => new session.MemoryStore(),
};
