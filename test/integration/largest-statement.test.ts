import type { DialectName } from '../../src/index.js';
import { DATABASES } from '../support/databases.js';
import { startTestApp } from '../support/test-app.js';

/** Servers that limit the bytes of a statement. */
const LIMITED: ReadonlySet<DialectName> = new Set(['mysql', 'mariadb']);

const REFUSAL = /`maxBytes`.*1099511627776 was given, and the server takes statements of at most \d+ bytes\. Lower it, or raise `max_allowed_packet`/;

it.each(DATABASES)('a `maxBytes` that is larger than a statement of the server may be is refused at start, on %s', async (database) => {
  const start = startTestApp(database, { options: { maxBytes: 2 ** 40 } });
  if (LIMITED.has(database)) return expect(start).rejects.toThrow(REFUSAL);
  await (await start).close();
});
