import { combiningCall } from '../shared/combining-rule.js';
import type { MergeRule } from '../shared/merge-rule.js';
import { isProduction } from '../shared/production.js';
import { SmartSessionConfigError } from '../smart-session.errors.js';
import { flawInCookie, type CookieOption } from './cookie-rules.js';
import type { ResolvedDevices } from './devices-option.js';
import type { ExcludedRoute, MaxSessionsPerUser, SmartSessionModuleOptions } from './module-options.js';
import { flawInSecret, type CookieSecret } from './secrets.js';

/** The options that may contradict another one, or the environment. */
interface Options extends Pick<
  SmartSessionModuleOptions,
  'anonymousTtl' | 'client' | 'connection' | 'contextName' | 'mergeDefault' | 'userId'
> {
  readonly cookie: CookieOption;
  readonly exclude: readonly ExcludedRoute[];
  readonly devices?: ResolvedDevices | undefined;
  readonly maxSessionsPerUser?: MaxSessionsPerUser | undefined;
  readonly merge: ReadonlyMap<string, MergeRule>;
  readonly mount: boolean;
  readonly name: string;
  readonly secret: readonly CookieSecret[];
  readonly ttl: number;
}

/**
 * Refuses combinations of valid options that would have no effect or cause harm.
 *
 * @throws SmartSessionConfigError for the first of them
 */
export function refuseConflicts(options: Options): void {
  const { maxSessionsPerUser, userId, devices, anonymousTtl, mount, exclude, secret } = options;
  refuseSecondDatabase(options);
  // Without a user, the limit would count no session, and the app would rely on it.
  if (maxSessionsPerUser !== undefined && userId === undefined) throw withoutUserId('maxSessionsPerUser');
  // Without a user there is no login, and nothing would be stored.
  if (devices !== undefined && userId === undefined) throw withoutUserId('devices');
  if (anonymousTtl !== undefined) refuseUselessAnonymousTtl(anonymousTtl, options);
  refuseCombinedUser(options);
  if (!mount && exclude.length > 0) throw excludeWithoutMount();
  if (isProduction()) refuseWeakSecret(secret);
  refuseCookieThatBrowsersRefuse(options);
}

/** Sessions have one database: that of `client`, of `connection`, or of the app's MikroORM. */
function refuseSecondDatabase({ client, connection, contextName }: Options): void {
  if (client === undefined) return;
  const second = connection === undefined ? (contextName === undefined ? undefined : 'contextName') : 'connection';
  if (second === undefined) return;
  throw new SmartSessionConfigError(
    'client',
    `it was given with \`${second}\``,
    'Give one of them: each names a database of the sessions.',
  );
}

function withoutUserId(option: 'maxSessionsPerUser' | 'anonymousTtl' | 'devices'): SmartSessionConfigError {
  return new SmartSessionConfigError(option, 'it was given without `userId`', 'Give `userId` too: it finds the user of a session.');
}

/** Refuses an `anonymousTtl` that is longer than `ttl` or `cookie.maxAge`: it would have no effect. */
function refuseUselessAnonymousTtl(anonymousTtl: number, { ttl, cookie, userId }: Options): void {
  if (userId === undefined) throw withoutUserId('anonymousTtl');
  // What a function returns is known only when a request arrives.
  const { maxAge = undefined } = typeof cookie === 'function' ? { maxAge: Infinity } : cookie;
  if (anonymousTtl <= (maxAge ?? ttl)) return;
  const [name, limit] = maxAge == null ? ['ttl', ttl] : ['cookie.maxAge', maxAge];
  throw new SmartSessionConfigError(
    'anonymousTtl',
    `${anonymousTtl} was given, but \`${name}\` ends every session after ${limit} ms without use`,
    `Give at most ${limit}.`,
  );
}

/**
 * Two logins in one session must not make the id of a third user. As `mergeDefault`, `deep()` is right: it takes an id whole. A rule of
 * the app's own is not known.
 */
function refuseCombinedUser({ userId, merge, mergeDefault }: Options): void {
  if (typeof userId !== 'string') return;
  const own = merge.get(userId);
  const rule = own ?? mergeDefault;
  const call = rule && combiningCall(rule);
  if (call === undefined || (own === undefined && call === 'deep()')) return;
  throw new SmartSessionConfigError(
    own === undefined ? 'mergeDefault' : 'merge',
    `${call} was given for \`${userId}\`, the key of \`userId\``,
    'A rule that combines two user ids makes the id of another user. Give lastWins() or firstWins() for this key in `merge`.',
  );
}

function excludeWithoutMount(): SmartSessionConfigError {
  return new SmartSessionConfigError(
    'exclude',
    'it was given with `mount: false`, so it has no effect',
    'Mount the middleware on the routes that need a session, and leave `exclude` out.',
  );
}

/** Only the first secret signs. A weak one after it only verifies the cookies of an older app, and `warningsOf` warns of it. */
function refuseWeakSecret([first, ...others]: readonly CookieSecret[]): void {
  const flaw = flawInSecret(first!);
  if (flaw === undefined) return;
  const which = others.length === 0 ? '' : `, number 1 of ${others.length + 1}`;
  throw new SmartSessionConfigError(
    'secret',
    `${flaw} was given in production${which}`,
    'Use at least 32 random characters, such as `openssl rand -base64 32` prints. A weak secret may follow in the list, to verify the cookies that it signed.',
  );
}

function refuseCookieThatBrowsersRefuse({ name, cookie }: Options): void {
  // What a function returns is checked when a request arrives.
  const refused = flawInCookie({ name, cookie: typeof cookie === 'function' ? { secure: true } : cookie });
  if (refused) throw new SmartSessionConfigError(refused.option, refused.given, refused.expected);
}
