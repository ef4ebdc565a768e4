import type { DialectName } from '../../src/index.js';
import { CONNECTIONS, DATABASES } from '../support/databases.js';
import { ownDatabase } from '../support/scratch-database.js';
import { startTestApp } from '../support/test-app.js';

/** Servers that limit the bytes of a statement. */
const LIMITED: ReadonlySet<DialectName> = new Set(['mysql', 'mariadb']);

const REFUSAL =
  /`maxBytes`.*1099511627776 was given, but the server accepts statements of at most \d+ bytes\. Lower it, or raise the server's `max_allowed_packet`/;

describe.each(DATABASES)('a `maxBytes` that is larger than a statement of the server may be, on %s', (database) => {
  const { driver: _, ...server } = CONNECTIONS[database];
  const own = ownDatabase(database, `largest_${database}`);

  it('is refused at start', async () => {
    const start = startTestApp(database, { options: { maxBytes: 2 ** 40, connection: { ...server, ...own } } });
    if (LIMITED.has(database)) return expect(start).rejects.toThrow(REFUSAL);
    await (await start).close();
  });
});
