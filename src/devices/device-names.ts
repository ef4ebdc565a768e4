import type { DescribeUserAgent } from '../options/devices-option.js';
import { SessionLogger } from '../security/session-logger.js';

/** Names devices by a function of the app. A list of devices must not fail because of one user agent. */
export class DeviceNames {
  readonly #logger = new SessionLogger();
  #hasFailed = false;

  /** Returns null without a user agent, without a function, and if the function returns no text or throws. The log warns once. */
  of(userAgent: string | null, describe: DescribeUserAgent | undefined): string | null {
    if (userAgent === null || !describe) return null;
    try {
      const name: unknown = describe(userAgent);
      if (typeof name === 'string' && name !== '') return name;
      if (name !== undefined && name !== null && name !== '') this.#warn(`returned a value of type ${typeof name}`);
    } catch (error) {
      // Without the message, which may contain the user agent.
      this.#warn(`threw ${error instanceof Error ? error.name : `a value of type ${typeof error}`}`);
    }
    return null;
  }

  #warn(what: string): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    this.#logger.warn(failureOf(what));
  }
}

function failureOf(what: string): string {
  return `The function \`describe\` of the option \`devices\` ${what} for a user agent. Such a device has no name.`;
}
