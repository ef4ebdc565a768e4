import { Injectable } from '@nestjs/common';
import { LiveCommitter } from './live-committer.js';
import { SessionLoader } from './session-loader.js';
import { SessionStates } from './session-states.js';
import { SessionToucher } from './session-toucher.js';
import { StoredSessions } from './stored-sessions.js';

/** What the store, the interceptor, the guard and the response gate call for the session of a request. */
@Injectable()
export class SessionProtocol {
  constructor(
    /** Loads it. */
    readonly loader: SessionLoader,
    /** Commits what the request has changed. */
    readonly committer: LiveCommitter,
    /** Extends it. */
    readonly toucher: SessionToucher,
    /** Tells and sets its state. */
    readonly states: SessionStates,
    /** Destroys and writes sessions by their id. */
    readonly stored: StoredSessions,
  ) {}
}
