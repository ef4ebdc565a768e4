import { keyIdsOf } from '../../codec/seal.js';
import { adviceForCookie } from '../../options/cookie-rules.js';
import { warningsOfSeconds } from '../../options/seconds-for-ms.js';
import type { SmartSessionModuleOptions } from '../../options/module-options.js';
import { flawInSecret, type CookieSecret } from '../../options/secrets.js';
import type { SmartSessionOptions } from '../../options/smart-session.options.js';
import { warningsOf } from '../../security/warnings.js';
import { isProduction } from '../../shared/production.js';
import { count } from '../plural.js';
import { ok, report, type Check } from './check.js';

const NEW_SECRET = 'Set SESSION_SECRET, or `secret`, to 32 random bytes: openssl rand -base64 32.';

/**
 * Checks the options of the app.
 *
 * @param exported the options as the app gives them
 * @param options the same with their defaults
 */
export function checkOptions(exported: SmartSessionModuleOptions, options: SmartSessionOptions): Check[] {
  return [checkSecret(exported), checkCookie(options), PROXY, checkEncryption(options), ...otherWarnings(options)];
}

function checkSecret({ secret = process.env.SESSION_SECRET }: SmartSessionModuleOptions): Check {
  const secrets = (Array.isArray(secret) ? secret : [secret]) as (CookieSecret | undefined)[];
  const given = secrets.filter((one): one is CookieSecret => one !== undefined && one !== '');
  if (given.length === 0) return report('fail', 'secret', 'there is none, so the app does not start', NEW_SECRET);
  const flaws = given.flatMap((one, n) => {
    const flaw = flawInSecret(one);
    return flaw === undefined ? [] : [`number ${n + 1} of ${given.length} is ${flaw}`];
  });
  if (flaws.length > 0)
    return report('warn', 'secret', flaws.join(', and '), `${NEW_SECRET} In production, the start fails with a weak secret that signs.`);
  return ok('secret', `${count(given.length, 'secret')}, long and random enough`);
}

function checkCookie({ name, cookie }: SmartSessionOptions): Check {
  if (typeof cookie === 'function')
    return report('note', 'cookie', 'it is a function of the request', 'Look at the header Set-Cookie of a login in production.');
  const advice = adviceForCookie({ name, cookie });
  if (advice.length > 0) return report('warn', 'cookie', 'it is not safe in production', `Set in \`cookie\`: ${advice.join('; ')}.`);
  const environment = isProduction() ? '' : '. NODE_ENV is not production here';
  if (cookie.secure === true && !isProduction()) return ok('cookie', `secure: true, so that browsers send it only by https${environment}`);
  return ok('cookie', `secure: ${String(cookie.secure)}, httpOnly: true, sameSite: ${String(cookie.sameSite)}${environment}`);
}

/** Express and Fastify have this setting, not the options. */
const PROXY = report(
  'note',
  'proxy',
  'the command cannot see whether the app trusts its proxy',
  'Log in by https in production: the header Set-Cookie must have Secure. If it has not, set `trust proxy` on Express, or `trustProxy` on Fastify.',
);

function checkEncryption({ encryption }: SmartSessionOptions): Check {
  if (!encryption) return ok('encryption', 'off');
  const [first] = keyIdsOf(encryption.keys);
  const keys = `${count(encryption.keys.length, 'key')}, the first is ${first}`;
  if (encryption.writePlaintext)
    return report(
      'warn',
      'encryption',
      `${keys}. \`writePlaintext\` is true, so nothing is encrypted`,
      'Remove it when each process has the keys.',
    );
  if (encryption.readPlaintext)
    return report(
      'warn',
      'encryption',
      `${keys}. \`readPlaintext\` is true, so that an attacker who can write to the table can insert sessions`,
      'Run `npx smart-session reseal`, and remove `readPlaintext`.',
    );
  return ok('encryption', keys);
}

/** The checks of secrets and of the cookie's attributes are done here, whatever NODE_ENV is. */
function otherWarnings(options: SmartSessionOptions): Check[] {
  const { cookie } = options;
  const ofCookie = typeof cookie === 'function' ? [] : warningsOfSeconds({ 'cookie.maxAge': cookie.maxAge });
  return [...warningsOf({ ...options, cookie: () => ({}), secret: [] }), ...ofCookie].map((warning) => ({
    name: 'options',
    status: 'warn',
    found: warning.replace(/\.$/, ''),
    remedy: null,
  }));
}
