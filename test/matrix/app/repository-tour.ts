import assert from 'node:assert/strict';
import { SessionRepository, type RecordChange } from 'nestjs-smart-session';

const HOUR = 3_600_000;

const change = (data: string, commitId: string, ms = HOUR): RecordChange => ({
  data,
  commitId,
  userId: 'anna',
  maxAge: HOUR,
  lifetime: { ms, slack: 0, explicit: true },
});

/** Asks a repository for each thing that it does, on a table that it empties; throws at the first answer that is wrong. */
export async function tour(repository: SessionRepository): Promise<void> {
  await repository.clear();
  await write(repository);
  await lock(repository);
  await lookAfter(repository);
  await remove(repository);
}

async function write(repository: SessionRepository): Promise<void> {
  assert.equal(await repository.insert('a', change('{"n":1}', 'first')), true, 'insert');
  assert.equal(await repository.insert('a', change('{"n":2}', 'other')), false, 'insert again');
  assert.equal(await repository.update('a', { version: 0, commitId: 'first' }, change('{"n":3}', 'second')), true, 'update');
  assert.equal(
    await repository.update('a', { version: 0, commitId: 'second' }, change('{"n":4}', 'third')),
    false,
    'update of an old version',
  );
  assert.equal(
    await repository.update('a', { version: 1, commitId: 'first' }, change('{"n":4}', 'third')),
    false,
    'update of another commit',
  );
  const { remaining = 0, ...record } = (await repository.load('a')) ?? {};
  assert.deepEqual(
    { ...record, longest: undefined },
    { data: '{"n":3}', version: 1, commitId: 'second', maxAge: HOUR, leaseId: null, longest: undefined },
    'load',
  );
  assert.ok(remaining > HOUR - 60_000 && remaining <= HOUR, `remaining: ${remaining}`);
  assert.equal(await repository.load('b'), undefined, 'load of nothing');
  assert.deepEqual([...(await repository.loadMany(['a', 'b'])).keys()], ['a'], 'loadMany');
  const updates = [
    { storageKey: 'a', known: { version: 1, commitId: 'second' }, change: change('{"n":5}', 'fourth') },
    { storageKey: 'b', known: { version: 0, commitId: null }, change: change('{}', 'fifth') },
  ];
  if (repository.updateMany) assert.deepEqual([...(await repository.updateMany(updates))], ['a'], 'updateMany');
  else await repository.update('a', { version: 1, commitId: 'second' }, change('{"n":5}', 'fourth'));
}

async function lock(repository: SessionRepository): Promise<void> {
  const before = await repository.updateLocked('a', (current) => change(current.data.replace('5', '6'), 'sixth'));
  assert.equal(before?.data, '{"n":5}', 'updateLocked');
  assert.equal((await repository.load('a'))?.data, '{"n":6}', 'what updateLocked wrote');
  assert.equal(await repository.lease('a', 'mine', HOUR), true, 'lease');
  assert.equal(await repository.lease('a', 'yours', HOUR), false, 'lease of another');
  assert.equal(await repository.extend('a', 'mine', HOUR), true, 'extend');
  await repository.release('a', 'mine');
  assert.equal(await repository.lease('a', 'yours', HOUR), true, 'lease after the release');
}

async function lookAfter(repository: SessionRepository): Promise<void> {
  await repository.touch('a', { ms: 2 * HOUR, slack: 0, explicit: true });
  assert.ok(((await repository.load('a'))?.remaining ?? 0) > HOUR, 'touch');
  await repository.insert('b', change('{}', 'first'));
  await repository.insert('late', change('{}', 'first', -1000));
  assert.equal(await repository.load('late'), undefined, 'load of what has expired');
  assert.equal(await repository.count(), 2, 'count');
  const listed = await repository.list('anna');
  assert.deepEqual(listed.map(({ storageKey }) => storageKey).toSorted(), ['a', 'b'], 'list');
  assert.ok(Math.abs(Number(listed[0]?.createdAt) - Date.now()) < 60_000, `createdAt: ${listed[0]?.createdAt.toISOString()}`);
  assert.deepEqual(
    (await repository.prune(10)).map(({ storageKey }) => storageKey),
    ['late'],
    'prune',
  );
}

async function remove(repository: SessionRepository): Promise<void> {
  assert.equal(await repository.destroyCommitted('b', 'another'), false, 'destroyCommitted by another commit');
  assert.equal(await repository.destroyCommitted('b', 'first'), true, 'destroyCommitted');
  assert.equal((await repository.destroy('a'))?.storageKey, 'a', 'destroy');
  await repository.insert('b', change('{}', 'first'));
  assert.equal(await repository.end('b', { version: 0, commitId: 'first' }, 'the end'), true, 'end');
  assert.deepEqual([await repository.load('b'), await repository.isEndedBy('b', 'the end')], [undefined, true], 'isEndedBy');
  assert.equal(await repository.removeExpired('b'), true, 'removeExpired');
  for (const key of ['c', 'd', 'e']) await repository.insert(key, change('{}', key));
  assert.equal(await repository.destroySome('anna', ([first]) => (first ? [first] : [])), 1, 'destroySome');
  const [spared] = [...(await repository.all()).keys()];
  assert.equal(await repository.destroySome('anna', (keys) => keys.filter((key) => key !== spared)), 1, 'destroySome but one');
  await repository.clear();
  assert.equal(await repository.count(), 0, 'clear');
}
