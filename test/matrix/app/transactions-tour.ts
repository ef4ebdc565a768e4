import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { EntityManager } from '@mikro-orm/core';
import type { INestApplication } from '@nestjs/common';
import { DatabaseContext, SessionInTransactionError, SessionService } from 'nestjs-smart-session';

interface Counted {
  n: number;
}

/** Locks sessions, and changes two of them in transactions of the app's MikroORM; throws at the first answer that is wrong. */
export async function transactionsTour(app: INestApplication): Promise<void> {
  const sessions = app.get(SessionService, { strict: false });
  const em = app.get(DatabaseContext, { strict: false }).orm!.em.fork() as EntityManager;
  const [id, other] = [await stored(sessions), await stored(sessions)];
  const counts = async () => [await countOf(sessions, id), await countOf(sessions, other)];
  const count = (draft: object) => void (draft as Counted).n++;

  const both = (fails: boolean) =>
    sessions.transactional(id, async (own, draft) => {
      count(draft);
      await sessions.update(other, count, { em: own });
      if (fails) throw new RangeError('of the app');
    });
  await assert.rejects(both(true), RangeError);
  assert.deepEqual(await counts(), [0, 0], 'a transaction that is rolled back');
  await both(false);
  assert.deepEqual(await counts(), [1, 1], 'a transaction that is committed');

  const live = await sessions.load(id);
  await em.transactional(async () => {
    await sessions.update(live!, count);
    assert.equal((live as unknown as Counted).n, 1, 'the live session before COMMIT');
  });
  assert.equal((live as unknown as Counted).n, 2, 'the live session after COMMIT');
  const undone = em.transactional(async () => {
    await sessions.update(live!, count);
    throw new RangeError('of the app');
  });
  await assert.rejects(undone, RangeError);
  assert.deepEqual([(live as unknown as Counted).n, ...(await counts())], [2, 2, 1], 'after a rollback');
  const nested = em.transactional((outer) => outer.transactional(() => sessions.update(id, count)));
  await assert.rejects(nested, SessionInTransactionError);

  await sessions.lock(id, 'tour', count);
  await sessions.once(id, 'tour', { work: count });
  assert.deepEqual(await counts(), [4, 1], 'under a lock and once');
  await sessions.clear();
}

async function stored(sessions: SessionService): Promise<string> {
  const id = randomUUID();
  await sessions.commit(Object.assign(Object.defineProperty({}, 'id', { value: id }), { n: 0 }));
  return id;
}

async function countOf(sessions: SessionService, id: string): Promise<number> {
  return ((await sessions.load(id)) as unknown as Counted).n;
}
