import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { MikroORM } from '@mikro-orm/sql';
import { SmartSessionConfigError, SmartSessionOptions, type SmartSessionModuleOptions } from '../../src/index.js';
import { openDatabase } from '../../src/persistence/open-database.js';
import { CONNECTIONS, DATABASES, connectionOptions } from '../support/databases.js';

/** Places in which the database makes no table. */
const REFUSED = {
  sqlite: { tableName: 'sqlite_sessions' },
  postgresql: { schema: 'pg_catalog' },
  mysql: { schema: 'information_schema' },
  mariadb: { schema: 'information_schema' },
} as const;

describe.each(DATABASES)('createTable on %s', (database) => {
  const elsewhere = database === 'sqlite' ? 'no-such-folder/sessions.sqlite' : 'no_such_database';

  /** The errors of sessions with a connection of their own, and of those on the app's MikroORM. */
  async function refusals(options: SmartSessionModuleOptions, connection: object = {}): Promise<SmartSessionConfigError[]> {
    const given = { secret: 'x', tableName: 'missing_place', createTable: true, ...options };
    const own = await openDatabase(
      new SmartSessionOptions({ ...given, connection: { ...CONNECTIONS[database], ensureDatabase: false, ...connection } as never }),
      undefined,
    ).catch((error: unknown) => error);
    const orm = await MikroORM.init(connectionOptions(database, { ...connection, ensureDatabase: false }));
    const shared = await openDatabase(new SmartSessionOptions(given), orm).catch((error: unknown) => error);
    await orm.close();
    for (const error of [own, shared]) expect(error).toBeInstanceOf(SmartSessionConfigError);
    return [own, shared] as SmartSessionConfigError[];
  }

  it('names a schema that is not there', async () => {
    for (const { option, message } of await refusals({ schema: 'no_such_schema' })) {
      expect(option).toBe('schema');
      expect(message).toBe(
        'SmartSessionModule: option `schema`: there is no schema "no_such_schema". Create it, or correct its name. `createTable` creates only the table.',
      );
    }
  });

  it.each([true, false])('names a database that is not there, with createTable: %s', async (createTable) => {
    for (const { option, message, cause } of await refusals({ createTable }, { dbName: elsewhere })) {
      expect(option).toBe('connection');
      expect(message).toMatch(
        /: its database cannot be opened: .+[^.]\. Create it, or correct its name in `connection` or in MikroORM's configuration\. `createTable` creates only the table\.$/,
      );
      expect(cause).toBeDefined();
    }
  });

  (database === 'sqlite' ? it.skip : it)('says that the server refuses the login, or does not answer', async () => {
    const wrong = { user: `nobody_${randomBytes(4).toString('hex')}`, password: 'wrong' };
    for (const { message } of await refusals({}, wrong)) {
      expect(message).toMatch(/its database cannot be opened: .+[^.]\. Correct the user and the password in `connection`/);
    }
    for (const { message } of await refusals({}, { host: '127.0.0.1', port: 1 })) {
      expect(message).toMatch(/its database cannot be opened: .+[^.]\. Start the server, or correct the host and the port in `connection`/);
    }
  });

  (database === 'sqlite' ? it.skip : it)('says that something else answers', async () => {
    const closing = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(closing, 'listening');
    const { port } = closing.address() as AddressInfo;
    for (const { message } of await refusals({}, { host: '127.0.0.1', port }))
      expect(message).toMatch(
        new RegExp(
          `its database cannot be opened: .+[^.]\\. Check that a ${database} server answers at the host and the port in \`connection\``,
        ),
      );
    closing.close();
  });

  it('names a URL of another database', async () => {
    const scheme = database === 'postgresql' ? 'mysql' : 'postgresql';
    for (const { message } of await refusals({}, { clientUrl: `${scheme}://anna:secret@127.0.0.1:1/shop` })) {
      expect(message).toMatch(
        `option \`connection\`: its URL begins with ${scheme}://, but the driver is for ${database}. Give the URL of its server`,
      );
      expect(message).not.toMatch('secret');
    }
  });

  (database === 'sqlite' ? it.skip : it)('names a database that MikroORM may not create', async () => {
    const user = `nobody_${randomBytes(4).toString('hex')}`;
    const admin = await MikroORM.init(connectionOptions(database));
    const run = (sql: string) => admin.em.getConnection().execute(sql);
    const name = database === 'postgresql' ? user : `${user}@'%'`;
    await run(database === 'postgresql' ? `create role ${user} login password 'x'` : `create user ${name} identified by 'x'`);
    try {
      const connection = { ...CONNECTIONS[database], user, password: 'x', dbName: elsewhere, ensureDatabase: true } as never;
      const refused = openDatabase(new SmartSessionOptions({ secret: 'x', connection }), undefined);
      await expect(refused).rejects.toThrow(/option `connection`: its database cannot be opened: .*(permission|denied).*\. Create it, /i);
    } finally {
      await run(`drop ${database === 'postgresql' ? 'role' : 'user'} ${name}`);
      await admin.close();
    }
  });

  it('says why the database refuses the table', async () => {
    for (const { option, message } of await refusals(REFUSED[database])) {
      expect(option).toBe('createTable');
      expect(message).toMatch(
        /: the table "\w+" cannot be created: .+[^.]\. Give the connection's user the right to create it, or create it with a migration and leave `createTable` out\.$/,
      );
    }
  });
});
