import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { SqlSessionRepository, counter, type DatabaseContext, type RecordChange, type SessionRepository } from '../../src/index.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { qualifiedName } from '../../src/dialects/qualified-name.js';
import { serviceOver } from './service-over.js';

type Live = Record<string, any>;

const MINUTE = 60_000;
/** A text that ends a string if backslashes are ordinary characters, and that has characters of four bytes. */
const TEXT = "\\', data = '{}' -- \" ü 🦊";

const OPTIONS = { userId: 'user', merge: { visits: counter() } as Record<string, any> };
const TERMS = { timeout: 0, lease: MINUTE, maxWaiting: 0 };

/**
 * Uses sessions with one repository while another process changes them by statements: load, insert, update, conflict, touch,
 * lock, list, count, destroy and prune. Throws at the first wrong or stale answer.
 */
export async function tourSessions(context: DatabaseContext, repository: SessionRepository): Promise<void> {
  await repository.clear();
  const id = randomUUID();
  await merge(id, repository, context);
  await lock(id, repository, context);
  await touch(id, repository, context);
  await list(id, repository);
  await remove(id, repository, context);
}

async function merge(id: string, repository: SessionRepository, context: DatabaseContext): Promise<void> {
  const [here, there] = [serviceOver(repository, OPTIONS).sessions, serviceOver(new SqlSessionRepository(context), OPTIONS).sessions];
  await here.commit(Object.assign(Object.defineProperty({}, 'id', { value: id }), { user: 'anna', visits: 1, text: TEXT }));
  const [mine, theirs] = [(await here.load(id)) as Live, (await there.load(id)) as Live];
  await there.commit(Object.assign(theirs, { visits: 2, theirs: 1 }));
  await here.commit(Object.assign(mine, { visits: 2, mine: 1 }));
  const merged = { user: 'anna', visits: 3, text: TEXT, mine: 1, theirs: 1 };
  assert.deepEqual(valuesOf(await here.load(id)), merged, 'what the repository loads after a conflict');
  assert.deepEqual(valuesOf(await there.load(id)), merged, 'what another process loads after a conflict');
  await there.update(id, (draft) => void ((draft as Live).theirs = 2));
  assert.equal(((await here.load(id)) as Live).theirs, 2, "what the repository loads after another process' update");
  const pessimistic = serviceOver(repository, { ...OPTIONS, locking: 'pessimistic' }).sessions;
  await pessimistic.update(id, (draft) => void ((draft as Live).mine = 2));
  assert.equal(((await there.load(id)) as Live).mine, 2, 'what was written under the row lock');
}

async function lock(id: string, repository: SessionRepository, context: DatabaseContext): Promise<void> {
  const here = serviceOver(repository, OPTIONS);
  const there = serviceOver(new SqlSessionRepository(context), OPTIONS);
  const unlock = await here.locker.lock((await here.sessions.load(id))!, TERMS);
  await assert.rejects(there.locker.lock((await there.sessions.load(id))!, TERMS), { name: 'SessionLockedError' }, 'a lock that is held');
  await unlock!();
  const record = await repository.load(storageKeyOf(id));
  assert.deepEqual([record?.leaseId, record?.maxAge], [null, null], 'what a record has not');
}

async function touch(id: string, repository: SessionRepository, context: DatabaseContext): Promise<void> {
  const key = storageKeyOf(id);
  await repository.touch(key, { ms: 48 * 60 * MINUTE, slack: 0, explicit: false, maxAge: null });
  const seen = await Promise.all([repository, new SqlSessionRepository(context)].map(async (one) => (await one.loadMany([key])).get(key)));
  for (const record of seen) assert.equal(Math.round((record?.remaining ?? 0) / MINUTE), 48 * 60, 'a touched expiry');
}

async function list(id: string, repository: SessionRepository): Promise<void> {
  const [found, ...more] = await repository.list('anna');
  assert.deepEqual([found?.storageKey, found?.userId, more.length], [storageKeyOf(id), 'anna', 0], 'a list');
  for (const date of [found!.createdAt, found!.updatedAt])
    assert.ok(Math.abs(Number(date) - Date.now()) < MINUTE, `a date of now: ${date.toISOString()}`);
  assert.equal(Math.round((Number(found!.expiresAt) - Date.now()) / MINUTE), 48 * 60, 'a listed expiry');
  assert.deepEqual([await repository.count(), (await repository.all()).size], [1, 1], 'how many there are');
}

async function remove(id: string, repository: SessionRepository, context: DatabaseContext): Promise<void> {
  const there = new SqlSessionRepository(context);
  await there.destroy(storageKeyOf(id));
  assert.equal(await repository.load(storageKeyOf(id)), undefined, 'a destroyed record');
  assert.deepEqual([await repository.count(), (await repository.list('anna')).length], [0, 0], 'after the destruction');
  for (const key of ['a', 'b', 'c', 'd', 'late', 'own']) await repository.insert(key, change({ userId: key === 'late' ? null : 'anna' }));
  assert.equal(await repository.insert('a', change()), false, 'a taken key');
  assert.equal((await repository.destroy('a'))?.storageKey, 'a', 'a destruction');
  assert.equal(await repository.destroyCommitted('b', 'of b'), true, 'a destruction by commit id');
  assert.equal(await repository.destroySome('anna', (keys) => keys.filter((key) => key === 'c')), 1, 'a destruction of some');
  assert.equal(await repository.destroySome('anna', (keys) => keys.filter((key) => key !== 'own')), 1, 'a destruction of all but one');
  const { dialect, runner, tableName, schema } = context;
  await runner.run(
    `update ${qualifiedName(dialect.quote, tableName, schema)} set expires_at = ${dialect.fromNow('-1000')} where session_id = 'late'`,
  );
  assert.equal(await repository.load('late'), undefined, 'an expired record');
  assert.equal((await repository.prune(10)).map(({ storageKey, userId }) => `${storageKey} ${userId}`).join(), 'late null', 'a prune');
  assert.deepEqual([...(await repository.all()).keys()], ['own'], 'what is left');
}

function change(overrides: Partial<RecordChange> = {}): RecordChange {
  return {
    data: '{}',
    commitId: 'of b',
    userId: 'anna',
    maxAge: null,
    lifetime: { ms: 10 * MINUTE, slack: 0, explicit: true },
    ...overrides,
  };
}

function valuesOf(session: object | undefined): object {
  return Object.fromEntries(Object.entries(session ?? {}).filter(([key]) => key !== 'cookie'));
}
