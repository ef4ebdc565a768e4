import { isProduction } from '../shared/production.js';
import { adviceForCookie } from '../options/cookie-rules.js';
import type { CookieTemplate } from './cookie-template.js';
import { flawInSecret, type CookieSecret } from '../options/secrets.js';
import { warningsOfSeconds, type Times } from '../options/seconds-for-ms.js';

/** The options that the warnings look at. */
interface Warned extends CookieTemplate, Times {
  readonly hashIds: boolean;
  readonly secret?: readonly CookieSecret[];
}

/** What an operator should know of options that work and are not safe, one line each. */
export function warningsOf({ name, cookie, hashIds, secret = [], ...times }: Warned): string[] {
  const attributes = typeof cookie === 'function' ? {} : cookie;
  const advice = isProduction() && typeof cookie !== 'function' ? adviceForCookie({ name, cookie }) : [];
  return [
    ...(advice.length > 0 ? [`The session cookie is not safe. Set in \`cookie\`: ${advice.join('; ')}.`] : []),
    ...(hashIds
      ? []
      : [
          '`hashIds: false`: the table holds session ids as they are, and who reads it can use them. Set it only to take over a table that has such rows.',
        ]),
    ...(isProduction() ? weakSecrets(secret) : []),
    ...warningsOfSeconds({ ...times, 'cookie.maxAge': attributes.maxAge }),
  ];
}

/** The first signs, and is refused if it is weak. */
function weakSecrets(secrets: readonly CookieSecret[]): string[] {
  return secrets.slice(1).flatMap((secret, n) => {
    const flaw = flawInSecret(secret);
    return flaw === undefined
      ? []
      : [
          `\`secret\`, number ${n + 2} of ${secrets.length}: ${flaw} verifies cookies. An attacker who guesses it can sign cookies. Leave it out when the sessions from before have ended.`,
        ];
  });
}
