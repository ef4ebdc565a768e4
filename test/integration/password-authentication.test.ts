import { randomBytes } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { MikroORM } from '@mikro-orm/sql';
import { SmartSessionOptions, SqlSessionRepository, type RunStatement } from '../../src/index.js';
import { openDatabase } from '../../src/persistence/open-database.js';
import { CONNECTIONS, IS_MYSQL, connectionOptions } from '../support/databases.js';
import { dropTables } from '../support/drop-tables.js';
import { onDatabase } from '../support/own-server.js';
import { tourSessions } from '../support/sessions-tour.js';

const TLS = { driverOptions: { ssl: { rejectUnauthorized: false } } };

(IS_MYSQL ? describe : describe.skip)('caching_sha2_password, on a MySQL server', () => {
  const suffix = randomBytes(4).toString('hex');
  const [user, userOfTls, tableName] = [`sha2_${suffix}`, `sha2_tls_${suffix}`, `sha2_${suffix}`];
  const password = randomBytes(12).toString('hex');
  const options = new SmartSessionOptions({ secret: 'test', tableName, createTable: true });

  const asRoot = <Result>(work: (run: RunStatement) => Promise<Result>) => onDatabase('mysql', {}, work);

  beforeAll(() => {
    Logger.overrideLogger(false);
    return asRoot(async (run) => {
      for (const [name, tls] of [
        [user, ''],
        [userOfTls, ' require ssl'],
      ]) {
        await run(`create user ${name}@'%' identified with caching_sha2_password by '${password}'${tls}`);
        await run(`grant all on \`${CONNECTIONS.mysql.dbName}\`.* to ${name}@'%'`);
      }
    });
  });
  afterAll(() =>
    asRoot(async (run) => {
      await dropTables('mysql', run, tableName);
      for (const name of [user, userOfTls]) await run(`drop user ${name}@'%'`);
    }),
  );

  /** Logs in, uses sessions, and returns the cipher of the connection. */
  async function logIn(settings: object): Promise<unknown> {
    const orm = await MikroORM.init(connectionOptions('mysql', { password, ...settings }));
    try {
      const context = await openDatabase(options, orm);
      await tourSessions(context, new SqlSessionRepository(context));
      return (await context.runner.run("show session status like 'Ssl_cipher'")).rows[0]?.Value;
    } finally {
      await orm.close();
    }
  }

  it.each([
    ['without TLS', { user }, /^$/],
    ['with TLS', { user, ...TLS }, /./],
    ['with TLS, as a user who must have it', { user: userOfTls, ...TLS }, /./],
  ])("takes the password %s, and then knows it from the server's cache", async (_title, settings, cipher) => {
    // Empties the cache. The first login must send the whole password, encrypted by TLS or with the server's public key.
    await asRoot((run) => run('flush privileges'));
    expect(await logIn(settings)).toMatch(cipher);
    expect(await logIn(settings)).toMatch(cipher);
  });

  it('refuses a wrong password, and a login without TLS as a user who must have it', async () => {
    for (const settings of [{ user, password: 'wrong' }, { user: userOfTls }])
      await expect(logIn(settings)).rejects.toThrow(/Access denied/);
  });

  it('refuses a certificate that no known authority has signed', async () => {
    await expect(logIn({ user, driverOptions: { ssl: {} } })).rejects.toThrow(/self-signed certificate/);
  });
});
