import { randomBytes } from 'node:crypto';
import {
  DatabaseContext,
  EntityManagerSessionRepository,
  SessionService,
  SmartSessionOptions,
  SqlSessionRepository,
  type DialectName,
} from '../../src/index.js';
import { DIALECTS } from '../../src/dialects/index.js';
import { leaseTableOf } from '../../src/dialects/table-layout.js';
import { openDatabase } from '../../src/persistence/open-database.js';
import { Browser } from '../support/browser.js';
import { CONNECTIONS, DATABASES } from '../support/databases.js';
import { SessionsDatabase } from '../support/sessions-database.js';
import { tourSessions } from '../support/sessions-tour.js';
import { startTestApp } from '../support/test-app.js';

const SERVERS = DATABASES.filter((database) => database !== 'sqlite');

/** What makes a user that may do with these tables what the module needs, and what removes it. */
function grants(database: DialectName, user: string, password: string, tables: readonly string[]) {
  const rights = 'select, insert, update, delete';
  if (database === 'postgresql') {
    return {
      make: [`create role ${user} login password '${password}'`, `grant ${rights} on ${tables.join(', ')} to ${user}`],
      remove: [`drop owned by ${user}`, `drop role ${user}`],
    };
  }
  return {
    make: [`create user ${user}@'%' identified by '${password}'`, ...tables.map((table) => `grant ${rights} on ${table} to ${user}@'%'`)],
    remove: [`drop user ${user}@'%'`],
  };
}

// Without a server there is nobody to grant anything.
(SERVERS.length > 0 ? describe.each(SERVERS) : describe.skip.each(['no server']))('a user with rights on the two tables, on %s', (name) => {
  const database = name as DialectName;

  it.each([
    ['optimistic', SqlSessionRepository],
    ['pessimistic', EntityManagerSessionRepository],
  ] as const)('ASVS 13.2.2: suffices, %s with %o', async (locking, repository) => {
    const tableName = `rights_${database}_${locking}`;
    const user = `rights_${randomBytes(4).toString('hex')}`;
    const password = randomBytes(8).toString('hex');
    const admin = await SessionsDatabase.open(database, tableName);
    const { make, remove } = grants(database, user, password, [admin.table, DIALECTS[database].quote(leaseTableOf(tableName))]);
    try {
      for (const statement of make) await admin.run(statement);
      const { driver: _, ...server } = CONNECTIONS[database];
      const app = await startTestApp(database, {
        options: {
          connection: { ...server, user, password },
          createTable: false,
          tableName,
          locking,
          repository,
          userId: 'user',
          pruneInterval: false,
        },
      });
      try {
        const { runner, warnings } = app.get(DatabaseContext, { strict: false });
        expect(warnings).toEqual([]);
        expect((await runner.run('select current_user as name')).rows[0]?.name).toContain(user);
        await expect(runner.run(`drop table ${admin.table}`)).rejects.toThrow();
        await expect(runner.run(`create table ${tableName}_more (a int)`)).rejects.toThrow();
        const sessions = app.get(SessionService);
        const browsers = [new Browser(app), new Browser(app)];
        for (const browser of browsers) {
          expect((await browser.post('/set', { a: 1 })).status).toBe(201);
          expect((await browser.post('/login')).status).toBe(201);
          await Promise.all(Array.from({ length: 5 }, (_item, n) => browser.post('/dawdle', { [`k${n}`]: n })));
          expect(Object.keys(await browser.session())).toHaveLength(6);
        }
        await browsers[0]!.delete('/session');
        expect(await sessions.list({ userId: 'anna' })).toHaveLength(1);
        await admin.expireAll();
        expect(await sessions.prune()).toBe(1);
        expect([await sessions.count(), await sessions.destroyAll({ userId: 'anna' })]).toEqual([0, 0]);
      } finally {
        await app.close();
      }
    } finally {
      for (const statement of remove) await admin.run(statement);
      await admin.close();
    }
  });

  it('needs none on the table of leases, which this version does not use', async () => {
    const tableName = `rights_${database}_one`;
    const user = `rights_${randomBytes(4).toString('hex')}`;
    const admin = await SessionsDatabase.open(database, tableName);
    const { make, remove } = grants(database, user, 'x', [admin.table]);
    try {
      for (const statement of make) await admin.run(statement);
      const { driver: _, ...server } = CONNECTIONS[database];
      const connection = { ...server, user, password: 'x' } as never;
      const context = await openDatabase(new SmartSessionOptions({ secret: 'x', dialect: database, connection, tableName }), undefined);
      await tourSessions(context, new SqlSessionRepository(context));
      await context.close();
      // MySQL and MariaDB show a table only to users with a right to it.
      const isHidden = database !== 'postgresql';
      expect(context.warnings).toEqual(isHidden ? [expect.stringMatching(`to add the table "${tableName}_leases"\\.$`)] : []);
    } finally {
      for (const statement of remove) await admin.run(statement);
      await admin.close();
    }
  });
});
