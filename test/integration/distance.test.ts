import { Controller, Module, Post, Session } from '@nestjs/common';
import type { SessionData } from 'express-session';
import type { Distance } from '../../bench/src/relay/distance.js';
import { LockSession, SessionHealthIndicator, SessionService, type SmartSessionModuleOptions } from '../../src/index.js';
import { Browser } from '../support/browser.js';
import { CONNECTIONS, ONE_PER_SERVER } from '../support/databases.js';
import { describeEach } from '../support/describe-each.js';
import { openDistance, type ServerDialect } from '../support/far-database.js';
import { SessionsApp } from '../support/sessions-app.js';

/** The round trips in ms, and how many requests run at once. A lock is held for several round trips, so fewer requests can wait for it. */
const DISTANCES = [
  { roundTrip: 20, requests: 20, lockedRequests: 20 },
  { roundTrip: 200, requests: 6, lockedRequests: 3 },
];

const APPS = 3;

@Controller()
class CountController {
  constructor(private readonly sessions: SessionService) {}

  @Post('update') update(@Session() session: SessionData): Promise<unknown> {
    return this.sessions.update(session, (draft: Record<string, unknown>) => (draft.updated = Number(draft.updated ?? 0) + 1));
  }
  @Post('locked') @LockSession() locked(@Session() session: Record<string, unknown>): void {
    session.locked = Number(session.locked ?? 0) + 1;
  }
}

@Module({ controllers: [CountController] })
class CountModule {}

const SERVERS = ONE_PER_SERVER.filter((database): database is ServerDialect => database !== 'sqlite');

describe.concurrent('a database that is far away', () => {
  describeEach(SERVERS.flatMap((database) => DISTANCES.map((distance) => ({ database, ...distance }))))(
    '$roundTrip ms from $database, the defaults',
    ({ database, roundTrip, requests, lockedRequests }) => {
      let distance: Distance;

      beforeAll(async () => {
        distance = await openDistance(database, roundTrip);
      });
      afterAll(() => distance.close());

      /** Starts apps, as processes do: all at once, on a table that is missing. */
      async function startApps(tableName: string, options: Partial<SmartSessionModuleOptions> = {}): Promise<SessionsApp[]> {
        const { driver: _, ...server } = CONNECTIONS[database];
        const connection = { ...server, host: distance.host, port: distance.port };
        const start = () => SessionsApp.start(database, { connection, tableName, ...options }, { imports: [CountModule] });
        return Promise.all(Array.from({ length: APPS }, start));
      }

      async function endApps([first, ...others]: readonly SessionsApp[]): Promise<void> {
        await Promise.all(others.map(({ app }) => app.close()));
        await first!.close();
      }

      /** Sends requests with one cookie to all apps at once. */
      async function sendAll(
        count: number,
        apps: readonly SessionsApp[],
        cookie: string,
        path: string,
        bodyOf = (_n: number): object => ({}),
      ) {
        const send = (_: unknown, n: number) => {
          const browser = new Browser(apps[n % APPS]!.app);
          browser.cookie = cookie;
          return browser.post(path, bodyOf(n));
        };
        const answers = await Promise.all(Array.from({ length: count }, send));
        return answers.map(({ status }) => status);
      }

      it.each(['optimistic', 'pessimistic'] as const)('keep every change of three processes, with %s locking', async (locking) => {
        const apps = await startApps(`far_${database}_${roundTrip}_${locking}`, { locking });
        const browser = await apps[0]!.browser();
        const statuses = [
          await sendAll(requests, apps, browser.cookie, '/dawdle', (n) => ({ [`key${n}`]: n })),
          await sendAll(requests, apps, browser.cookie, '/update'),
          await sendAll(lockedRequests, apps, browser.cookie, '/locked'),
        ];
        const { updated, locked, ...keys } = await browser.session();
        await endApps(apps);
        expect(statuses.flat().filter((status) => status !== 201)).toEqual([]);
        expect({ updated, locked, keys: Object.keys(keys).length - 1 }).toEqual({
          updated: requests,
          locked: lockedRequests,
          keys: requests,
        });
      });

      it('limit, list and delete the sessions of a user', async () => {
        const tableName = `far_${database}_${roundTrip}_user`;
        const apps = await startApps(tableName, { userId: 'user', maxSessionsPerUser: 2 });
        const logins = await Promise.all(Array.from({ length: 6 }, (_, n) => new Browser(apps[n % APPS]!.app).post('/login')));
        const { sessions } = apps[0]!;
        const listed = await sessions.list({ userId: 'anna' });
        const destroyed = await sessions.destroyAll({ userId: 'anna' });
        for (const { app } of apps) await new Browser(app).post('/set', { a: 1 });
        await apps[0]!.age(2 * 86_400_000);
        const pruned = await Promise.all(apps.map((app) => app.sessions.prune()));
        await endApps(apps);
        expect(logins.map(({ status }) => status)).toEqual(logins.map(() => 201));
        expect([listed.length, destroyed, pruned.reduce((sum, count) => sum + count)]).toEqual([2, 2, APPS]);
      });

      it('find the database healthy, also over a new connection', async () => {
        const apps = await startApps(`far_${database}_${roundTrip}_health`);
        const health = apps[0]!.app.get(SessionHealthIndicator, { strict: false });
        // More checks at once than the pool has idle connections.
        const checks = await Promise.all(Array.from({ length: 5 }, () => health.isHealthy('sessions')));
        await endApps(apps);
        expect(checks).toEqual(checks.map(() => ({ sessions: { status: 'up' } })));
      });
    },
  );
});
