import { isProduction } from '../shared/production.js';
import { adviceForCookie } from '../options/cookie-rules.js';
import type { CookieTemplate } from './cookie-template.js';
import { flawInSecret, type CookieSecret } from '../options/secrets.js';
import { warningsOfSeconds, type Times } from '../options/seconds-for-ms.js';

/** The options that the warnings examine. */
interface Warned extends CookieTemplate, Times {
  readonly hashIds: boolean;
  readonly secret?: readonly CookieSecret[];
}

/** Returns warnings about options that work but are not safe, one line each. */
export function warningsOf({ name, cookie, hashIds, secret = [], ...times }: Warned): string[] {
  const attributes = typeof cookie === 'function' ? {} : cookie;
  const advice = isProduction() && typeof cookie !== 'function' ? adviceForCookie({ name, cookie }) : [];
  return [
    ...(advice.length > 0 ? [`The session cookie is not safe. Set in \`cookie\`: ${advice.join('; ')}.`] : []),
    ...(hashIds
      ? []
      : [
          '`hashIds: false`: the table contains the session ids themselves, and anyone who can read it can use them. Set it only for an existing table with such rows.',
        ]),
    ...(isProduction() ? weakSecrets(secret) : []),
    ...warningsOfSeconds({ ...times, 'cookie.maxAge': attributes.maxAge }),
  ];
}

/** Returns a warning for each weak secret after the first. The first one signs, and is refused if it is weak. */
function weakSecrets(secrets: readonly CookieSecret[]): string[] {
  return secrets.slice(1).flatMap((secret, n) => {
    const flaw = flawInSecret(secret);
    return flaw === undefined
      ? []
      : [
          `\`secret\`, number ${n + 2} of ${secrets.length}: ${flaw} verifies cookies. An attacker who guesses it can sign cookies. Remove it when the sessions that it signed have ended.`,
        ];
  });
}
