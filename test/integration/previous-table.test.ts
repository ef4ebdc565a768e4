import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MikroORM, type AbstractSqlConnection } from '@mikro-orm/sql';
import { DIALECTS } from '../../src/dialects/index.js';
import { PreviousTable } from '../../src/migration/previous-table.js';
import { STORE_FORMATS } from '../../src/migration/stores/index.js';
import { StatementRunner } from '../../src/persistence/statement-runner.js';
import { PreviousTableError } from '../../src/smart-session.errors.js';
import { ONE_PER_SERVER, connectionOptions } from '../support/databases.js';
import { FOREIGN, openPreviousStore, storeSession, type OpenedPreviousStore } from '../support/previous-stores.js';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const TABLE = 'foreign "table"';

/** Sets another time zone, and takes that back. */
const ZONES = {
  postgresql: ["set time zone 'Asia/Tokyo'", 'set time zone default'],
  mysql: ["set time_zone = '+09:00'", 'set time_zone = default'],
  mariadb: ["set time_zone = '+09:00'", 'set time_zone = default'],
} as const;

describe.each(FOREIGN.filter(([, database]) => ONE_PER_SERVER.includes(database)))('the table of %s on %s', (name, database) => {
  const dialect = DIALECTS[database];
  const foreign = STORE_FORMATS.find((store) => store.name === name)!;
  // knex does not quote it in its own statements.
  const tableName = name === 'connect-session-knex' ? `foreign_${database}` : TABLE;
  let directory: string;
  let orm: MikroORM;
  let runner: StatementRunner;
  let opened: OpenedPreviousStore;

  const drop = () => runner.run(`drop table if exists ${dialect.quote(tableName)}`);
  const place = () => ({ tableName, schema: opened.schema });
  const open = () => PreviousTable.open(runner.run, dialect, foreign, place());

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'foreign-'));
    const file = join(directory, 'sessions.sqlite');
    orm = await MikroORM.init(connectionOptions(database, database === 'sqlite' ? { dbName: file } : {}));
    runner = new StatementRunner(() => orm.em.getConnection() as AbstractSqlConnection, dialect);
    await drop();
    opened = await openPreviousStore(name, database, tableName, file);
    await storeSession(opened.store, 'Anna', { userId: 7, name: 'änna' }, 30 * MINUTE);
    await storeSession(opened.store, 'anya', { userId: 8 });
    await storeSession(opened.store, 'bert', { userId: 9 }, 300 * DAY);
    await storeSession(opened.store, 'carl', { userId: 10 }, -30 * MINUTE);
  });

  afterAll(async () => {
    try {
      await drop();
      await opened.close();
    } finally {
      await orm.close();
      await rm(directory, { recursive: true });
    }
  });

  it('gives the live sessions page by page, with the time they have left', async () => {
    const table = await open();
    expect(await table.count()).toBe(3);
    const pages = [await table.page('', 2)];
    pages.push(await table.page(pages[0]![1]!.sessionId, 2));
    expect(pages.map((page) => page.length)).toEqual([2, 1]);
    const rows = new Map(pages.flat().map((row) => [row.sessionId, row]));
    expect([...rows.keys()].toSorted()).toEqual(['Anna', 'anya', 'bert']);
    for (const [sessionId, left] of Object.entries({ Anna: 30 * MINUTE, anya: DAY, bert: 300 * DAY })) {
      expect(Math.abs(rows.get(sessionId)!.remaining - left)).toBeLessThan(20_000);
    }
  });

  const rowOf = async (table: PreviousTable, id: string) => (await table.page('', 100)).find(({ sessionId }) => sessionId === id);

  const [set, reset] = ZONES[database as keyof typeof ZONES] ?? [];
  // The expiry of connect-pg-simple is a time of the connection's time zone.
  const inOtherZone = set !== undefined && reset !== undefined && name !== 'connect-pg-simple' ? it : it.skip;

  inOtherZone('reckons with no time zone of the connection', () =>
    runner.onOneConnection(async (run) => {
      await run(set!);
      const table = await PreviousTable.open(run, dialect, foreign, place());
      const row = await rowOf(table, 'Anna');
      await run(reset!);
      expect(Math.abs(row!.remaining - 30 * MINUTE)).toBeLessThan(20_000);
    }),
  );

  it('reads a row as its store does', async () => {
    const table = await open();
    const row = await rowOf(table, 'Anna');
    const session = foreign.read(row!.data);
    expect(session).toMatchObject({ userId: 7, name: 'änna', cookie: { originalMaxAge: expect.any(Number), path: '/' } });
    expect(session).toEqual(
      await new Promise((resolve, reject) => opened.store.get('Anna', (error, data) => (error ? reject(error) : resolve(data)))),
    );
  });

  it('says what is wrong with a table', async () => {
    await expect(PreviousTable.open(runner.run, dialect, foreign, { tableName: 'nowhere' })).rejects.toThrow(
      new PreviousTableError(name, 'there is no table "nowhere"', 'Give the name of the table that the store uses.'),
    );
    const other = STORE_FORMATS.find((store) => store.keyColumn !== foreign.keyColumn && store.dialects.includes(database));
    if (other) await expect(PreviousTable.open(runner.run, dialect, other, place())).rejects.toThrow(/has no column/);
    const elsewhere = STORE_FORMATS.find((store) => !store.dialects.includes(database))!;
    await expect(PreviousTable.open(runner.run, dialect, elsewhere)).rejects.toThrow(`the dialect of the database is ${database}`);
  });
});

describe.each(STORE_FORMATS)('$name', ({ read }) => {
  it.each<[unknown, string]>([
    ['{"a":', 'text cut off'],
    ['{"a":1}', 'no cookie'],
    ['[{"cookie":{}}]', 'a list'],
    ['null', 'null'],
    [undefined, 'nothing'],
  ])('refuses %s: %s', (data) => {
    expect(() => read(data)).toThrow(SyntaxError);
  });

  it('takes what the driver has parsed already', () => {
    expect(read({ cookie: {}, a: 1 })).toEqual({ cookie: {}, a: 1 });
  });
});
