import { setTimeout as sleep } from 'node:timers/promises';
import { DIALECTS } from '../../src/dialects/index.js';
import { CONNECTIONS, DATABASES } from '../support/databases.js';
import { describeEach } from '../support/describe-each.js';
import { dropTables } from '../support/drop-tables.js';
import { onDatabase } from '../support/own-server.js';
import { SessionsApp } from '../support/sessions-app.js';

/** In ms. */
const TIMEOUT = 300;

describeEach(DATABASES.filter((database) => database === 'postgresql'))('the start of an app on %s', (database) => {
  const tableName = 'created_elsewhere';
  const { driver: _, ...connection } = CONNECTIONS[database];
  const { quote, tableDefinition } = DIALECTS[database];

  afterEach(() => onDatabase(database, {}, (run) => dropTables(database, run, tableName)));

  it('waits longer than `timeout` for another process that creates the table', async () => {
    const app = await onDatabase(database, { pool: { min: 0, max: 1 } }, async (run) => {
      await run('begin');
      await run('select pg_advisory_xact_lock(hashtext($1))', [`smart-session ${quote(tableName)}`]);
      const starting = SessionsApp.start(database, { tableName, connection, timeout: TIMEOUT });
      const outcome = starting.catch((error: unknown) => error);
      await sleep(3 * TIMEOUT);
      for (const statement of tableDefinition(tableName, undefined)) await run(statement);
      await run('commit');
      return outcome;
    });
    expect(app).toBeInstanceOf(SessionsApp);
    await (app as SessionsApp).close();
  });
});
