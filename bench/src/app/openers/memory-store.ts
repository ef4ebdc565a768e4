import session from 'express-session';
import { expressSession } from '../express-session.js';
import type { OpenStore } from '../opened-store.js';
import { NO_STATEMENTS } from '../statement-counter.js';

/** Opens express-session's own store in the process's memory. It is the upper limit for every store. */
export const open: OpenStore = () => expressSession(new session.MemoryStore(), NO_STATEMENTS);
