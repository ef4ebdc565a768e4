import type { DialectName } from '../../src/index.js';
import { DATABASES } from '../support/databases.js';
import { startTestApp } from '../support/test-app.js';

describe('a server with a limit for statements', () => {
  const isLimited = (database: DialectName) => database === 'mysql' || database === 'mariadb';
  const limited = DATABASES.filter(isLimited);
  const others = DATABASES.filter((database) => !isLimited(database));

  it.each(limited)('refuses the start with a larger `maxBytes`, on %s', async (database) => {
    await expect(startTestApp(database, { options: { maxBytes: 2 ** 40 } })).rejects.toThrow(/`maxBytes`.*1099511627776 was given, and the server takes statements of at most \d+ bytes\. Lower it, or raise `max_allowed_packet`/);
  });

  it.each(others)('is none of %s', async (database) => {
    const app = await startTestApp(database, { options: { maxBytes: 2 ** 40 } });
    await app.close();
  });
});
