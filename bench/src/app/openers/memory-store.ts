import session from 'express-session';
import { expressSession } from '../express-session.js';
import type { OpenStore } from '../opened-store.js';
import { NO_STATEMENTS } from '../statement-counter.js';

/** express-session's own store, in the process's memory: no store can be faster. */
export const open: OpenStore = () => expressSession(new session.MemoryStore(), NO_STATEMENTS);
