import { qualifiedName } from '../dialects/qualified-name.js';
import { LONGEST_LIFETIME } from '../options/longest-values.js';
import type { DatabaseContext } from '../persistence/database-context.js';
import { isLive } from '../persistence/expiry.js';
import { SessionTestingError } from '../smart-session.errors.js';
import { carriedSession } from './carried-session.js';
import { found } from './found.js';
import type { SessionCarrier } from './session-carrier.js';
import { sessionsOf, type TestedApp } from './tested-app.js';

/** The times of a session. */
const TIMES = ['created_at', 'updated_at', 'expires_at', 'lease_expires_at'];

/**
 * Makes a stored session older, as if time had passed without a request. So a test of a timeout does not wait. It moves all times of the
 * session back, because they follow the clock of the database: fake timers of a test do not change that clock.
 *
 * @param app the app, its `TestingModule` or a `ModuleRef`
 * @param carrier a response of the app, or what `sessionCookie` or `sessionHeaders` has returned
 * @param ms how much older, in ms
 * @throws SessionTestingError for an app without the module, a cookie that the app has not signed, a session that has ended, or a time
 * that is no whole number of ms
 * @example
 * await ageSession(app, cookie, 30 * 60_000);
 * await request(app.getHttpServer()).get('/cart').set('Cookie', cookie).expect(401);
 */
export async function ageSession(app: TestedApp, carrier: SessionCarrier, ms: number): Promise<void> {
  const sessions = sessionsOf(app, 'ageSession');
  if (!Number.isInteger(ms) || ms < 0 || ms > LONGEST_LIFETIME)
    throw new SessionTestingError('ageSession', `${found(ms)} is no time`, `Pass a whole number of ms, from 0 to ${LONGEST_LIFETIME}`);
  const { codec, database } = sessions;
  const sessionId = carriedSession(sessions, carrier, 'ageSession');
  const moved = sessionId === undefined ? 0 : await moveBack(database, codec.storageKeyOf(sessionId), ms);
  if (moved === 0) throw new SessionTestingError('ageSession', 'the session is not stored, or has ended', 'Pass a session that is stored');
}

/** Returns the number of rows that were moved: 1, or 0 if there is no live one. */
async function moveBack(context: DatabaseContext, storageKey: string, ms: number): Promise<number> {
  const { dialect, tableName, schema, runner } = context;
  const assignments = TIMES.map((column) => `${column} = ${dialect.after(column, String(-ms))}`);
  const { affected } = await runner.run(
    `update ${qualifiedName(dialect.quote, tableName, schema)} set ${assignments.join(', ')} ` +
      `where session_id = ${dialect.parameter(1)} and ${isLive(context)}`,
    [storageKey],
  );
  return affected;
}
