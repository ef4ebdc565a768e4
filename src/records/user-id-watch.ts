import { Injectable } from '@nestjs/common';
import { SessionCodec } from '../codec/session.codec.js';
import { isReservedName } from '../codec/reserved-names.js';
import type { EncodedValues } from '../merge/encoded-values.js';
import { SessionLogger } from '../security/session-logger.js';
import { shownKeys } from '../shared/shown-keys.js';
import { isProduction } from '../shared/production.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { userIdIfKnown } from './user-id.js';

/**
 * In development, looks for a `userId` that finds no user: with a misspelt key, `destroyAll` ends no session. It looks at
 * sessions after `regenerate`, which are logins, until the first has a user.
 */
@Injectable()
export class UserIdWatch {
  readonly #logger = new SessionLogger();
  #isOn: boolean;

  constructor(
    private readonly codec: SessionCodec,
    private readonly options: SmartSessionOptions,
  ) {
    this.#isOn = options.userId !== undefined && !isProduction();
  }

  /** Looks at the first save of a session that took the place of another. */
  see(values: EncodedValues): void {
    if (!this.#isOn) return;
    this.#isOn = false;
    if (userIdIfKnown(values, this.options, this.codec) !== null) return;
    const { userId } = this.options;
    const keys = Array.from(values.keys()).filter((key) => !isReservedName(key));
    this.#logger.warn(
      `The option \`userId\` (${typeof userId === 'function' ? 'a function' : shownKeys([String(userId)])}) found no user in a session after \`regenerate\`. ` +
        `The keys of the session: ${shownKeys(keys)}. \`list\`, \`destroyAll\` and \`maxSessionsPerUser\` find no such session. If this was a login, name the key that holds the user's id.`,
    );
  }
}
