import { randomInt, randomUUID } from 'node:crypto';
import type { KnownRecord, RecordChange, RunStatement, SessionRepository } from '../../src/index.js';
import { EntityManagerSessionRepository } from '../../src/persistence/entity-manager-session.repository.js';
import { SqlSessionRepository } from '../../src/persistence/sql-session.repository.js';
import { CLIENT_CASES } from '../support/app-clients.js';
import { DATABASES } from '../support/databases.js';
import { SessionsDatabase } from '../support/sessions-database.js';

const MINUTE = 60_000;

function change(data: string, overrides: Partial<RecordChange> = {}): RecordChange {
  const lifetime = { ms: 10 * MINUTE, slack: MINUTE, explicit: false };
  return { data, commitId: randomUUID(), userId: null, maxAge: null, lifetime, ...overrides };
}

const REPOSITORIES = { SqlSessionRepository, EntityManagerSessionRepository };
const ON_MIKRO_ORM = DATABASES.flatMap((database) =>
  Object.entries(REPOSITORIES).map(([name, Repository]) => {
    const open = () => SessionsDatabase.open(database, `repo_${database}_${name.slice(0, 3)}`);
    return { database, name, Repository, open };
  }),
);
/** The clients of the drivers themselves. The others differ in how they lend connections. */
const DRIVERS_OWN = new Set(['pg.Pool', 'a pool of mysql2', 'a file of better-sqlite3']);
const ON_CLIENTS = CLIENT_CASES.filter(({ kind }) => DRIVERS_OWN.has(kind)).map(({ kind, dialect: database, open: openClient }) => {
  const open = () => SessionsDatabase.openOn(openClient(), database, `repo_client_${database}`);
  return { database, name: `SqlSessionRepository on ${kind}`, Repository: SqlSessionRepository, open };
});
const CASES = [...ON_MIKRO_ORM, ...ON_CLIENTS];

describe.each(CASES)('$name on $database', ({ database: databaseName, Repository, open }) => {
  let database: SessionsDatabase;
  let repository: SessionRepository;

  beforeAll(async () => {
    database = await open();
    repository = new Repository(database.context);
  });
  beforeEach(() => repository.clear());
  afterAll(() => database.close());

  /** A record as somebody knows it who has seen its last commit, at some version. */
  const at = async (version: number, key = 'k') => ({ version, commitId: (await repository.load(key))?.commitId ?? null });

  it('inserts once, and loads what was inserted', async () => {
    const first = change('{"a":"ä\\u0000 \' ` \\" \\\\"}', { maxAge: 86_400_000_000, userId: 'u1' });
    expect(await repository.insert('k', first)).toBe(true);
    expect(await repository.insert('k', change('{}'))).toBe(false);
    const record = await repository.load('k');
    expect(record).toMatchObject({ data: first.data, version: 0, commitId: first.commitId, maxAge: 86_400_000_000 });
    expect(record?.remaining).toBeGreaterThan(9 * MINUTE);
    expect(record?.remaining).toBeLessThanOrEqual(10 * MINUTE);
    expect(await repository.load('K')).toBeUndefined();
  });

  it('says whether its driver blocks', () => {
    expect(repository.isBlocking).toBe(databaseName === 'sqlite');
  });

  it('loads many at once: the live ones among those asked for', async () => {
    for (const key of ['a', 'b', 'c']) await repository.insert(key, change(`"${key}"`));
    await database.run(`update {table} set expires_at = ${database.context.dialect.fromNow('-1')} where session_id = 'c'`);
    const found = await repository.loadMany(['b', 'absent', 'a', 'c']);
    expect([...found.keys()].toSorted()).toEqual(['a', 'b']);
    expect(found.get('b')).toEqual({ ...(await repository.load('b')), remaining: expect.any(Number) });
    expect((await repository.loadMany(['absent'])).size).toBe(0);
  });

  it('updates only the given version', async () => {
    await repository.insert('k', change('{}'));
    expect(await repository.update('k', await at(0), change('{"a":1}'))).toBe(true);
    expect(await repository.update('k', await at(0), change('{"a":2}'))).toBe(false);
    expect(await repository.load('k')).toMatchObject({ data: '{"a":1}', version: 1 });
    expect(await repository.update('absent', await at(0, 'absent'), change('{}'))).toBe(false);
  });

  it('NoResurrection: updates only the given commit, and no newer record with the same key', async () => {
    const [first, second] = [change('1'), change('2')];
    await repository.insert('k', second);
    await repository.lease('k', 'mine', MINUTE);
    const known = { version: 0, commitId: first.commitId };
    expect(await repository.update('k', known, change('3'))).toBe(false);
    expect(await repository.update('k', known, change('3', { leaseId: 'mine' }))).toBe(false);
    expect(await repository.update('k', { version: 0, commitId: null }, change('3'))).toBe(false);
    expect((await repository.updateMany!([{ storageKey: 'k', known, change: change('3') }])).size).toBe(0);
    expect(await repository.load('k')).toMatchObject({ data: '2', version: 0 });
    await database.run('update {table} set commit_id = null');
    expect(await repository.update('k', { version: 0, commitId: null }, change('4'))).toBe(true);
  });

  it('updates many at once: those that are live and at their version, each as if alone', async () => {
    const keys = ['a', 'b', 'moved', 'expired', 'c'];
    for (const key of keys) await repository.insert(key, change(`"${key}"`, { userId: 'before', maxAge: 1 }));
    await repository.update('moved', await at(0, 'moved'), change('"theirs"'));
    await database.run(`update {table} set expires_at = ${database.context.dialect.fromNow('-1')} where session_id = 'expired'`);
    const shorter = { ms: 5 * MINUTE, slack: MINUTE, explicit: true };
    const longer = { ms: 20 * MINUTE, slack: MINUTE, explicit: false };
    const within = { ms: 10.5 * MINUTE, slack: MINUTE, explicit: false };
    const changes: Record<string, RecordChange> = {
      a: change('{"a":"ä\\u0000 \' ` \\" \\\\ {},"}', { lifetime: shorter, userId: null, maxAge: null }),
      b: change('', { lifetime: longer, userId: 'after', maxAge: 86_400_000_000 }),
      c: change('{"n":null}', { lifetime: within, userId: '' }),
    };
    const wanted = await Promise.all(
      [...keys, 'absent'].map(async (storageKey) => ({
        storageKey,
        known: await at(0, storageKey),
        change: changes[storageKey] ?? change('"mine"'),
      })),
    );
    expect([...(await repository.updateMany!(wanted))].toSorted()).toEqual(['a', 'b', 'c']);
    for (const [key, { data, commitId, maxAge }] of Object.entries(changes))
      expect(await repository.load(key)).toMatchObject({ data, commitId, maxAge, version: 1 });
    const minutes = async (key: string) => Math.round(((await repository.load(key))?.remaining ?? 0) / MINUTE);
    expect([await minutes('a'), await minutes('b'), await minutes('c')]).toEqual([5, 20, 10]);
    const users = await database.run(
      'select session_id, user_id from {table} where lock_version = 1 and data <> \'"theirs"\' order by session_id',
    );
    expect(users.map(({ user_id }) => user_id)).toEqual([null, 'after', '']);
    expect(await repository.load('moved')).toMatchObject({ data: '"theirs"', version: 1 });
    expect(await database.run("select data, lock_version from {table} where session_id = 'expired'")).toEqual([
      { data: '"expired"', lock_version: 0 },
    ]);
    expect(await repository.load('absent')).toBeUndefined();
    expect((await repository.updateMany!([{ storageKey: 'absent', known: await at(0, 'absent'), change: change('{}') }])).size).toBe(0);
  });

  it('says which of many it has written, whatever stops the others', async () => {
    const { dialect, runner } = database.context;
    const FATES = ['written', 'absent', 'moved', 'of another generation', 'expired', ...(databaseName === 'sqlite' ? [] : ['locked'])];
    for (let round = 0; round < 10; round++) {
      await repository.clear();
      const count = Math.min(repository.mostUpdates, 2 + round * 7);
      const rows = Array.from({ length: count }, (_, n) => ({ key: `k${n}`, fate: FATES[randomInt(FATES.length)]!, first: change('0') }));
      for (const { key, fate, first } of rows) if (fate !== 'absent') await repository.insert(key, first);
      const having = (fate: string) =>
        rows
          .filter((row) => row.fate === fate)
          .map(({ key }) => `'${key}'`)
          .concat("''")
          .join(', ');
      await database.run(`update {table} set lock_version = 1 where session_id in (${having('moved')})`);
      await database.run(`update {table} set commit_id = 'other' where session_id in (${having('of another generation')})`);
      await database.run(`update {table} set expires_at = ${dialect.fromNow('-1')} where session_id in (${having('expired')})`);
      const updates = rows.map(({ key, first }) => ({
        storageKey: key,
        known: { version: 0, commitId: first.commitId },
        change: change('1'),
      }));
      const whileLocked = async (run: RunStatement) => {
        await run(dialect.begin);
        for (const { key, fate } of rows)
          if (fate === 'locked') await run(`select session_id from ${database.table} where session_id = '${key}' for update`);
        const keys = await repository.updateMany!(updates);
        await run(dialect.rollback);
        return keys;
      };
      const written = await (databaseName === 'sqlite' ? repository.updateMany!(updates) : runner.onOneConnection(whileLocked));
      const found = await database.run("select session_id from {table} where data = '1'");
      const wanted = rows.filter(({ fate }) => fate === 'written').map(({ key }) => key);
      expect([...written].toSorted()).toEqual(wanted.toSorted());
      expect(found.map(({ session_id }) => session_id).toSorted()).toEqual(wanted.toSorted());
    }
  });

  it('writes one that was seen, whatever stops it, and waits for no lock', async () => {
    const { dialect, runner } = database.context;
    const prepared: Record<string, string> = {
      written: `lock_version = lock_version`,
      moved: 'lock_version = 1',
      'of another generation': `commit_id = 'other'`,
      expired: `expires_at = ${dialect.fromNow('-1')}`,
      'of other data': `data = '1 '`,
      'of another age': 'max_age = 1',
      locked: 'lock_version = lock_version',
    };
    const first = change('0');
    for (const fate of Object.keys(prepared)) await repository.insert(fate, first);
    for (const [fate, assignment] of Object.entries(prepared))
      await database.run(`update {table} set ${assignment} where session_id = '${fate}'`);
    const seen = { data: '0', maxAge: null };
    const known = { version: 0, commitId: first.commitId };
    const write = async (storageKey: string) =>
      [...(await repository.updateMany!([{ storageKey, known, seen, change: change('mine') }]))].length === 1;
    const writeEach = async () => {
      const outcomes: Record<string, boolean> = {};
      for (const fate of [...Object.keys(prepared), 'absent']) outcomes[fate] = await write(fate);
      return outcomes;
    };
    const whileLocked = async (run: RunStatement) => {
      await run(dialect.begin);
      await run(`select session_id from ${database.table} where session_id = 'locked' for update`);
      const outcomes = await writeEach();
      await run(dialect.rollback);
      return outcomes;
    };
    const { locked, ...outcomes } = await (databaseName === 'sqlite' ? writeEach() : runner.onOneConnection(whileLocked));
    expect(locked).toBe(databaseName === 'sqlite');
    expect(Object.keys(outcomes).filter((fate) => outcomes[fate])).toEqual(['written']);
    await database.run("delete from {table} where session_id = 'locked'");
    expect(await database.run("select session_id from {table} where data = 'mine'")).toEqual([{ session_id: 'written' }]);
  });

  it.each(['together', 'alone'])('compares, %s, the data and the max age exactly, with and without versions', async (how) => {
    const data = '{"a":"ä \\u0000 \' ` \\" \\\\ {},"}';
    const cases: Record<string, [stored: string, storedAge: number | null, seen: string, seenAge: number | null, isWritten: boolean]> = {
      same: [data, 86_400_000_000, data, 86_400_000_000, true],
      'same, of every plane': [
        '{"a":"e\u0301 \u20ac \u{1f600} \u{10ffff} \ufffd"}',
        null,
        '{"a":"e\u0301 \u20ac \u{1f600} \u{10ffff} \ufffd"}',
        null,
        true,
      ],
      'same, and long': [`{"a":"${'ä'.repeat(100_000)}"}`, null, `{"a":"${'ä'.repeat(100_000)}"}`, null, true],
      'other, and as long': [`{"a":"${'ä'.repeat(100_000)}"}`, null, `{"a":"${'ä'.repeat(99_999)}a"}`, null, false],
      'composed in another way': ['{"a":"e\u0301"}', null, '{"a":"\u00e9"}', null, false],
      'same, without a max age': [data, null, data, null, true],
      'another max age': [data, 1, data, 2, false],
      'a max age instead of none': [data, 1, data, null, false],
      'no max age any more': [data, null, data, 1, false],
      'other data': [data, null, '{}', null, false],
      'another case': ['{"a":"x"}', null, '{"a":"X"}', null, false],
      'an accent': ['{"a":"a"}', null, '{"a":"ä"}', null, false],
      'a space at the end': ['{} ', null, '{}', null, false],
    };
    const unversioned = new SqlSessionRepository(Object.assign(Object.create(database.context), { isVersioned: false }));
    for (const [n, one] of [repository, unversioned].entries()) {
      await repository.clear();
      const updates = [];
      for (const [key, [stored, storedAge, seen, seenAge]] of Object.entries(cases)) {
        const first = change(stored, { maxAge: storedAge });
        await repository.insert(key, first);
        const known = { version: 0, commitId: first.commitId };
        updates.push({ storageKey: key, known, seen: { data: seen, maxAge: seenAge }, change: change('{"mine":1}') });
      }
      const wanted = Object.keys(cases).filter((key) => cases[key]![4]);
      const batches = how === 'together' ? [updates] : updates.map((update) => [update]);
      const writtenKeys = await Promise.all(batches.map((batch) => one.updateMany!(batch)));
      expect(writtenKeys.flatMap((keys) => [...keys])).toEqual(wanted);
      const written = await database.run('select session_id, lock_version from {table} where data = \'{"mine":1}\' order by session_id');
      expect(written).toEqual(wanted.toSorted().map((session_id) => ({ session_id, lock_version: 1 - n })));
    }
  });

  it.skipIf(!databaseName.startsWith('m'))('sends no more batches if a trigger of the table hides which records they write', async () => {
    await database.run(`create trigger hiding after update on {table} for each row set @hidden = 1`);
    try {
      repository = new Repository(database.context);
      for (const key of ['a', 'b']) await repository.insert(key, change('0'));
      const known = await Promise.all(['a', 'b'].map((key) => at(0, key)));
      const updates = ['a', 'b'].map((storageKey, n) => ({ storageKey, known: known[n]!, change: change('1') }));
      expect([...(await repository.updateMany!(updates))].toSorted()).toEqual(['a', 'b']);
      expect(repository.mostUpdates).toBe(1);
      // The first batch must not be in doubt either.
      repository = new Repository(database.context);
      const halfKnown = [updates[0]!, { ...updates[1]!, known: await at(1, 'b'), change: change('2') }];
      expect([...(await repository.updateMany!(halfKnown))]).toEqual([]);
      expect(await repository.load('b')).toMatchObject({ data: '1', version: 1 });
      expect(repository.mostUpdates).toBe(1);
    } finally {
      await database.run('drop trigger hiding');
      repository = new Repository(database.context);
    }
  });

  it('writes none of many when the database refuses one', async () => {
    for (const key of ['a', 'b']) await repository.insert(key, change('0'));
    // SQLite has no limits, but its driver has types.
    const refused = (databaseName === 'sqlite' ? {} : 'x'.repeat(300)) as string;
    const wanted = await Promise.all(
      [change('1'), change('1', { userId: refused })].map(async (mine, n) => ({
        storageKey: 'ab'[n]!,
        known: await at(0, 'ab'[n]),
        change: mine,
      })),
    );
    const error: unknown = await repository.updateMany!(wanted).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ message: expect.any(String) });
    expect(repository.classify(error)).toBe('failed');
    expect([await repository.load('a'), await repository.load('b')]).toMatchObject([
      { data: '0', version: 0 },
      { data: '0', version: 0 },
    ]);
  });

  it('passes over, among many, what another holds locked, and waits for none', async () => {
    // SQLite locks the whole database.
    if (databaseName === 'sqlite') return expect(database.context.dialect.forUpdate).toBe('');
    for (const key of ['a', 'b', 'c']) await repository.insert(key, change('0'));
    const { dialect, runner } = database.context;
    const wanted = await Promise.all(
      ['a', 'b', 'c'].map(async (storageKey) => ({ storageKey, known: await at(0, storageKey), change: change('1') })),
    );
    const written = await runner.onOneConnection(async (run) => {
      await run(dialect.begin);
      await run(`select session_id from ${database.table} where session_id = 'b' for update`);
      const keys = await repository.updateMany!(wanted);
      await run('rollback');
      return keys;
    });
    expect([...written].toSorted()).toEqual(['a', 'c']);
    expect(await repository.load('b')).toMatchObject({ data: '0', version: 0 });
  });

  it('leases and loads at once, and tells if the record is as known', async () => {
    const first = change('{"a":1}', { maxAge: 77 });
    await repository.insert('k', first);
    const known = { version: 0, commitId: first.commitId };
    const isLeased = async (by: string) => (await repository.load('k'))?.leaseId === by;
    const leased = { data: '{"a":1}', version: 0, commitId: first.commitId, maxAge: 77, leaseId: 'mine', remaining: expect.any(Number) };
    const find = (id: string, of?: KnownRecord, key = 'k') => repository.leaseAndLoad!(key, id, MINUTE, of);

    const unchanged = await find('mine', known);
    if (unchanged !== 'as known') expect(unchanged).toMatchObject(leased);
    expect(await isLeased('mine')).toBe(true);
    expect(await find('mine')).toMatchObject(leased);
    for (const other of [
      { ...known, version: 1 },
      { ...known, commitId: 'other' },
      { ...known, commitId: null },
    ])
      expect(await find('mine', other)).toMatchObject(leased);

    expect(await find('theirs', known)).toBeUndefined();
    expect(await isLeased('mine')).toBe(true);
    await database.run(`update {table} set lease_expires_at = ${database.context.dialect.fromNow('-1')}`);
    expect(await find('theirs', { ...known, version: 1 })).toMatchObject({ ...leased, leaseId: 'theirs' });
    expect(await find('mine', known, 'absent')).toBeUndefined();
    await database.expireAll();
    expect(await find('theirs', known)).toBeUndefined();
  });

  it('updates under the row lock, one after the other', async () => {
    await repository.insert('k', change('0'));
    await Promise.all(Array.from({ length: 8 }, () => repository.updateLocked('k', (current) => change(String(Number(current.data) + 1)))));
    expect(await repository.load('k')).toMatchObject({ data: '8', version: 8 });
  });

  it('writes nothing when the decision is to, or throws', async () => {
    await repository.insert('k', change('{}'));
    expect(await repository.updateLocked('k', () => undefined)).toMatchObject({ data: '{}', version: 0 });
    expect(await repository.loadLocked('k')).toMatchObject({ data: '{}', version: 0 });
    expect(await repository.loadLocked('absent')).toBeUndefined();
    const refused = new Error('refused');
    await expect(
      repository.updateLocked('k', () => {
        throw refused;
      }),
    ).rejects.toBe(refused);
    expect(await repository.updateLocked('absent', () => change('{}'))).toBeUndefined();
    expect(await repository.load('k')).toMatchObject({ data: '{}', version: 0 });
  });

  it('moves the expiry forward by more than the slack, backwards only when explicit', async () => {
    const remaining = async () => Math.round(((await repository.load('k'))?.remaining ?? 0) / MINUTE);
    await repository.insert('k', change('{}'));
    await repository.touch('k', { ms: 10.5 * MINUTE, slack: MINUTE, explicit: false });
    expect(await remaining()).toBe(10);
    await repository.touch('k', { ms: 20 * MINUTE, slack: MINUTE, explicit: false });
    expect(await remaining()).toBe(20);
    await repository.touch('k', { ms: 5 * MINUTE, slack: MINUTE, explicit: false });
    expect(await remaining()).toBe(20);
    await repository.touch('k', { ms: 5 * MINUTE, slack: MINUTE, explicit: true });
    expect(await remaining()).toBe(5);
    await repository.update('k', await at(0), change('{}', { lifetime: { ms: 2 * MINUTE, slack: 0, explicit: false } }));
    expect(await remaining()).toBe(5);
    await repository.update('k', await at(1), change('{}', { lifetime: { ms: 2 * MINUTE, slack: 0, explicit: true } }));
    expect(await remaining()).toBe(2);
  });

  it('leases a record to one at a time, until it is released or has ended', async () => {
    await repository.insert('k', change('{}'));
    expect(await repository.extend('k', 'first', MINUTE)).toBe(false);
    expect(await repository.lease('k', 'first', MINUTE)).toBe(true);
    expect(await repository.lease('k', 'first', MINUTE)).toBe(true);
    expect(await repository.extend('k', 'first', MINUTE)).toBe(true);
    expect(await repository.extend('k', 'second', MINUTE)).toBe(false);
    expect(await repository.lease('k', 'second', MINUTE)).toBe(false);
    await repository.release('k', 'second');
    expect(await repository.load('k')).toMatchObject({ leaseId: 'first', version: 0 });
    await repository.release('k', 'first');
    expect((await repository.load('k'))?.leaseId).toBeNull();
    expect(await repository.lease('k', 'second', MINUTE)).toBe(true);
    await database.run(`update {table} set lease_expires_at = ${database.context.dialect.fromNow('-1')}`);
    expect(await repository.extend('k', 'third', MINUTE)).toBe(false);
    expect(await repository.lease('k', 'third', MINUTE)).toBe(true);
    expect(await repository.lease('absent', 'first', MINUTE)).toBe(false);
    await database.expireAll();
    expect(await repository.lease('k', 'third', MINUTE)).toBe(false);
    expect(await repository.extend('k', 'third', MINUTE)).toBe(false);
  });

  it('updates and releases a lease at once, only while it is its own', async () => {
    await repository.insert('k', change('{}'));
    await repository.lease('k', 'theirs', MINUTE);
    const mine = change('{"a":1}', { leaseId: 'mine' });
    expect(await repository.updateAndRelease!('k', await at(0), mine)).toBe(false);
    expect(await repository.load('k')).toMatchObject({ data: '{}', version: 0, leaseId: 'theirs' });
    await repository.release('k', 'theirs');
    await repository.lease('k', 'mine', MINUTE);
    expect(await repository.updateAndRelease!('k', await at(1), mine)).toBe(false);
    expect(await repository.updateAndRelease!('k', { version: 0, commitId: 'other' }, mine)).toBe(false);
    expect(await repository.updateAndRelease!('k', await at(0), mine)).toBe(true);
    expect(await repository.load('k')).toMatchObject({ data: '{"a":1}', version: 1, commitId: mine.commitId, leaseId: null });
    expect(await database.run('select lease_expires_at from {table}')).toEqual([{ lease_expires_at: null }]);
  });

  it('updates under a lease while it is its own, ended or not', async () => {
    await repository.insert('k', change('{}'));
    await repository.lease('k', 'mine', MINUTE);
    await database.run(`update {table} set lease_expires_at = ${database.context.dialect.fromNow('-1')}`);
    expect(await repository.update('k', await at(0), change('{"a":1}', { leaseId: 'mine' }))).toBe(true);
    await repository.lease('k', 'theirs', MINUTE);
    expect(await repository.update('k', await at(1), change('{"a":2}', { leaseId: 'mine' }))).toBe(false);
    expect(await repository.update('k', await at(1), change('{"a":3}'))).toBe(true);
    expect(await repository.load('k')).toMatchObject({ data: '{"a":3}', version: 2, leaseId: 'theirs' });
  });

  it('leaves version and updated_at alone in a touch, and sets both times', async () => {
    await repository.insert('k', change('{}', { userId: 'u' }));
    const [before] = await repository.list('u');
    await repository.touch('k', { ms: 60 * MINUTE, slack: 0, explicit: false });
    const [touched] = await repository.list('u');
    expect(touched?.updatedAt).toEqual(before?.updatedAt);
    expect((await repository.load('k'))?.version).toBe(0);
    await database.run(`update {table} set updated_at = ${database.context.dialect.fromNow('-1000')}`);
    await repository.update('k', await at(0), change('{}', { userId: 'u' }));
    const [updated] = await repository.list('u');
    expect(updated?.createdAt).toEqual(before?.createdAt);
    expect(Math.abs(Number(updated?.updatedAt) - Date.now())).toBeLessThan(MINUTE);
  });

  it('touches many at once: the live ones that are due, and nothing else of them', async () => {
    const keys = ['due', 'not due', 'longer', 'expired'];
    for (const key of keys) await repository.insert(key, change('0'));
    const { fromNow } = database.context.dialect;
    const expire = (key: string, ms: number) =>
      database.run(`update {table} set expires_at = ${fromNow(String(ms))} where session_id = '${key}'`);
    await expire('due', 5 * MINUTE);
    await expire('not due', 9.5 * MINUTE);
    await expire('longer', 30 * MINUTE);
    await expire('expired', -1);
    const before = await database.run('select session_id, data, lock_version, commit_id, updated_at from {table} order by session_id');
    await repository.touchMany!([...keys, 'absent'], { ms: 10 * MINUTE, slack: MINUTE, explicit: false });
    const tenths = async (key: string) => Math.round((((await repository.load(key))?.remaining ?? 0) / MINUTE) * 10);
    expect([await tenths('due'), await tenths('not due'), await tenths('longer'), await tenths('expired')]).toEqual([100, 95, 300, 0]);
    expect(await database.run('select session_id, data, lock_version, commit_id, updated_at from {table} order by session_id')).toEqual(
      before,
    );
  });

  it('leaves a record as it is in a touch by a max age that it has no more', async () => {
    const touches = {
      one: (maxAge: number | null) => repository.touch('k', due(maxAge)),
      many: (maxAge: number | null) => repository.touchMany!(['k', 'absent'], due(maxAge)),
    };
    const due = (maxAge: number | null) => ({ ms: 60 * MINUTE, slack: 0, explicit: false, maxAge });
    for (const touch of repository.touchMany ? [touches.one, touches.many] : [touches.one]) {
      for (const [stored, other] of [
        [5 * MINUTE, null],
        [null, 5 * MINUTE],
        [5 * MINUTE, 6 * MINUTE],
      ] as const) {
        await repository.insert('k', change('{}', { maxAge: stored, lifetime: { ms: 5 * MINUTE, slack: 0, explicit: true } }));
        const minutes = async () => Math.round(((await repository.load('k'))?.remaining ?? 0) / MINUTE);
        await touch(other);
        expect(await minutes()).toBe(5);
        await touch(stored);
        expect(await minutes()).toBe(60);
        await repository.destroy('k');
      }
    }
  });

  it('takes an expired record for absent', async () => {
    await repository.insert('k', change('{}', { userId: 'u' }));
    expect(await repository.removeExpired('k')).toBe(false);
    await database.expireAll();
    expect(await repository.load('k')).toBeUndefined();
    expect(await repository.update('k', await at(0), change('{"a":1}'))).toBe(false);
    expect(await repository.updateLocked('k', () => change('{"a":1}'))).toBeUndefined();
    await repository.touch('k', { ms: MINUTE, slack: 0, explicit: true });
    expect([await repository.count(), (await repository.all()).size, await repository.list('u')]).toEqual([0, 0, []]);
    expect(await repository.insert('k', change('{}'))).toBe(false);
    expect(await repository.removeExpired('k')).toBe(true);
    expect(await repository.insert('k', change('{}'))).toBe(true);
  });

  it('NoResurrection: writes nothing, and says so, when the record expires under its lock', async () => {
    await repository.insert('k', change('{}', { lifetime: { ms: 100, slack: 0, explicit: true } }));
    const found = await repository.updateLocked('k', () => {
      for (const end = performance.now() + 200; performance.now() < end;);
      return change('{"a":1}');
    });
    expect(found).toBeUndefined();
    expect(await repository.load('k')).toBeUndefined();
  });

  it('prunes expired records only, in bounded batches', async () => {
    for (const key of ['a', 'b', 'c']) await repository.insert(key, change('{}', { userId: key === 'c' ? null : 'u' }));
    await database.expireAll();
    await repository.insert('live', change('{}'));
    const pruned = [await repository.prune(2), await repository.prune(2), await repository.prune(2)];
    expect(pruned.map(({ length }) => length)).toEqual([2, 1, 0]);
    const byKey = pruned.flat().toSorted((one, other) => one.storageKey.localeCompare(other.storageKey));
    expect(byKey).toEqual([
      { storageKey: 'a', userId: 'u' },
      { storageKey: 'b', userId: 'u' },
      { storageKey: 'c', userId: null },
    ]);
    expect([...(await repository.all()).keys()]).toEqual(['live']);
  });

  it('lists, counts and destroys', async () => {
    for (const key of ['a', 'b', 'c']) await repository.insert(key, change('{}', { userId: key === 'c' ? 'v' : 'u' }));
    expect((await repository.list('u')).map((session) => session.storageKey).toSorted()).toEqual(['a', 'b']);
    expect(await repository.destroySome('u', (keys) => keys.filter((key) => key !== 'b'))).toBe(1);
    expect([...(await repository.all()).keys()].toSorted()).toEqual(['b', 'c']);
    expect(await repository.destroy('b')).toMatchObject({ storageKey: 'b' });
    expect(await repository.destroy('b')).toBeUndefined();
    expect(await repository.count()).toBe(1);
    expect(await repository.destroySome('v', () => [])).toBe(0);
    expect(await repository.destroySome('v', (keys) => keys)).toBe(1);
  });

  it('tells a poll which rows are live and which have expired, and leaves out ended and absent ones', async () => {
    const inserted = { live: change('{}', { userId: 'u' }), expired: change('{}', { userId: 'u' }), ended: change('{}', { userId: 'u' }) };
    for (const [key, first] of Object.entries(inserted)) await repository.insert(key, first);
    await database.run(`update {table} set expires_at = ${database.context.dialect.fromNow('-1')} where session_id = 'expired'`);
    expect(await repository.end('ended', { version: 0, commitId: inserted.ended.commitId }, 'end')).toBe(true);
    const polls = [await repository.statesOf([...Object.keys(inserted), 'absent']), await repository.statesOfUsers(['u', 'absent'])];
    const wanted = [true, false].map((isLive) => {
      const key = isLive ? 'live' : 'expired';
      return { storageKey: key, userId: 'u', version: 0, commitId: inserted[key].commitId, isLive };
    });
    for (const states of polls) expect(states.toSorted((a, b) => Number(b.isLive) - Number(a.isLive))).toEqual(wanted);
  });

  it('ends a record as it is known, for good, and knows by whom until its row is deleted', async () => {
    const first = change('{"a":1}', { userId: 'u' });
    await repository.insert('k', first);
    const known = { version: 0, commitId: first.commitId };
    expect([
      await repository.end('k', { ...known, version: 1 }, 'end'),
      await repository.end('k', { ...known, commitId: 'x' }, 'end'),
    ]).toEqual([false, false]);
    expect([
      await repository.end('k', known, 'end'),
      await repository.end('k', known, 'other end'),
      await repository.end('absent', known, 'end'),
    ]).toEqual([true, false, false]);
    expect([
      await repository.isEndedBy('k', 'end'),
      await repository.isEndedBy('k', 'other end'),
      await repository.isEndedBy('absent', 'end'),
    ]).toEqual([true, false, false]);
    expect([await repository.load('k'), await repository.list('u'), await repository.count(), (await repository.all()).size]).toEqual([
      undefined,
      [],
      0,
      0,
    ]);
    expect([
      await repository.update('k', { version: 1, commitId: 'end' }, change('{}')),
      await repository.lease('k', 'mine', MINUTE),
    ]).toEqual([false, false]);
    await repository.touch('k', { ms: 60 * MINUTE, slack: 0, explicit: true });
    expect([await repository.load('k'), await database.run('select data, user_id from {table}')]).toEqual([
      undefined,
      [{ data: '{}', user_id: null }],
    ]);
    expect([await repository.removeExpired('k'), await repository.isEndedBy('k', 'end')]).toEqual([true, false]);
  });

  it('says that nothing happened when a lock was not to be had in time', async () => {
    if (databaseName === 'sqlite') return;
    await repository.insert('k', change('{}'));
    const impatient = new Repository(Object.assign(Object.create(database.context), { lockTimeout: 100 }));
    let failure: unknown;
    await database.context.runner.onOneConnection(async (run) => {
      await run('begin');
      await run(`select * from ${database.table} where session_id = 'k' for update`);
      failure = await impatient.updateLocked('k', () => change('{"lost":1}')).catch((error: unknown) => error);
      expect(await repository.prune(10)).toEqual([]);
      await run('rollback');
    });
    expect(repository.classify(failure)).toBe('rolled-back');
    expect(await repository.load('k')).toMatchObject({ data: '{}', version: 0 });
  });

  it('waits for the lock of no other session while it prunes, or destroys those of a user', async () => {
    if (databaseName === 'sqlite') return;
    for (let n = 0; n < 20; n++) await repository.insert(`late ${n}`, change('{}'));
    await database.expireAll();
    for (const key of ['a1', 'a2', 'other']) await repository.insert(key, change('{}', { userId: key.slice(0, 1) }));
    const impatient = new Repository(Object.assign(Object.create(database.context), { lockTimeout: 100 }));
    await database.context.runner.onOneConnection(async (run) => {
      await run('start transaction');
      await run(`select * from ${database.table} where session_id = 'other' for update`);
      try {
        expect((await impatient.prune(100)).length).toBe(20);
        expect(await impatient.destroySome('a', (keys) => keys)).toBe(2);
      } finally {
        await run('rollback');
      }
    });
  });
});
