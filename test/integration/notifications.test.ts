import { hash, randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { SqlSessionRepository } from '../../src/index.js';
import { SessionFeed } from '../../src/feed/session-feed.js';
import { notifiedHash, RecordNotifications, type Hearing } from '../../src/persistence/record-notifications.js';
import { CLIENT_CASES } from '../support/app-clients.js';
import { DATABASES } from '../support/databases.js';
import { describeUnless } from '../support/describe-unless.js';
import { onPostgres } from '../support/on-postgres.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';
import { Watching } from '../support/watching.js';

/** So long that only a notification can be the reason. */
const FEED = { interval: 60_000, grace: 120_000, notify: true };
const TABLE = 'notifications';

const WAYS = [
  { kind: 'MikroORM', open: () => SessionsDatabase.open('postgresql', TABLE) },
  ...CLIENT_CASES.filter(({ dialect }) => dialect === 'postgresql').map(({ kind, open }) => ({
    kind,
    // The sessions need the only connection of the pool.
    open: () => SessionsDatabase.openOn(open(kind === 'knex' ? { pool: { min: 0, max: 1 } } : { max: 1 }), 'postgresql', TABLE),
  })),
];

/** The connections that listen for this table, because other tests have such connections too. */
const LISTENERS = `from pg_stat_activity where query = 'listen smart_session_${hash('sha256', TABLE).slice(0, 16)}' and datname = current_database()`;
const listeners = () => onPostgres(async (run) => (await run(`select pid ${LISTENERS}`)).rows);

describeUnless(DATABASES.includes('postgresql') ? undefined : 'not testing on postgresql', 'notifications of ended sessions', () => {
  it.each(WAYS)('make the end immediate in another process, over $kind, on a connection of their own', async ({ open }) => {
    Logger.overrideLogger(false);
    const database = await open();
    const [here, there] = [1, 2].map(() => serviceOver(new SqlSessionRepository(database.context), { feed: FEED, userId: 'user' }));
    const commit = (id: string) => here!.sessions.commit(Object.assign(Object.defineProperty({}, 'id', { value: id }), { user: 'anna' }));
    try {
      const [one, two, last] = [randomUUID(), randomUUID(), randomUUID()] as const;
      for (const id of [one, two, last]) await commit(id);
      expect(await listeners()).toEqual([]);
      const watching = new Watching(there!.sessions, one);
      const ofUser = new Watching(there!.sessions, { userId: 'anna' });
      await Promise.all([watching.watch.checked, ofUser.watch.checked]);
      await vi.waitFor(async () => expect(await listeners()).toHaveLength(1), 5000);
      await here!.sessions.destroy(one);
      expect([(await watching.end()).reason, (await ofUser.end()).reason]).toEqual(['ended', 'ended']);

      // A lost connection is opened again within a second.
      await onPostgres((run) => run(`select pg_terminate_backend(pid) ${LISTENERS}`));
      const again = new Watching(there!.sessions, two);
      await again.watch.checked;
      await vi.waitFor(async () => expect(await listeners()).toHaveLength(1), 10_000);
      await here!.sessions.destroy(two);
      expect((await again.end()).reason).toBe('ended');

      const cleared = new Watching(there!.sessions, last);
      await cleared.watch.checked;
      await here!.sessions.clear();
      expect((await cleared.end()).reason).toBe('ended');
      ofUser.watch.stop();
      await there!.get(SessionFeed).beforeApplicationShutdown();
      expect(await listeners()).toEqual([]);
    } finally {
      for (const { get } of [here!, there!]) await get(SessionFeed).beforeApplicationShutdown();
      await database.close();
    }
  });

  it('let a process end while it begins to listen', async () => {
    const database = await SessionsDatabase.open('postgresql', TABLE);
    try {
      const { sessions, get } = serviceOver(new SqlSessionRepository(database.context), { feed: FEED });
      const { watch } = new Watching(sessions, randomUUID());
      await get(SessionFeed).beforeApplicationShutdown();
      expect([watch.isLive, await listeners()]).toEqual([false, []]);
    } finally {
      await database.close();
    }
  });

  it('let a process end although the database does not answer', async () => {
    const database = await SessionsDatabase.open('postgresql', TABLE);
    const never = new Promise<never>(() => {});
    try {
      const opened = new SqlSessionRepository(database.context);
      const tell = vi.spyOn(opened.notifications!, 'tell').mockReturnValue(never);
      const first = serviceOver(opened, { feed: FEED });
      void new Watching(first.sessions, randomUUID(), { keys: [] });
      await vi.waitFor(() => expect(tell).toHaveBeenCalled());

      const opening = new SqlSessionRepository(database.context);
      const [connected, close] = [Promise.withResolvers<() => Promise<void>>(), vi.fn(async () => {})];
      const listen = vi.spyOn(opening.notifications!, 'listen').mockReturnValue(connected.promise);
      const second = serviceOver(opening, { feed: FEED });
      void new Watching(second.sessions, randomUUID());
      await vi.waitFor(() => expect(listen).toHaveBeenCalled());
      await Promise.all([first, second].map(({ get }) => get(SessionFeed).beforeApplicationShutdown()));
      // A connection that opens later is closed.
      connected.resolve(close);
      await vi.waitFor(() => expect(close).toHaveBeenCalledTimes(1));
    } finally {
      vi.restoreAllMocks();
      await database.close();
    }
  });

  it('are not asked for if the pool is unknown, so that none can be heard', async () => {
    const database = await SessionsDatabase.open('postgresql', TABLE);
    try {
      const repository = new SqlSessionRepository(database.context);
      const listen = vi.spyOn(repository.notifications!, 'listen').mockResolvedValue(undefined);
      const tell = vi.spyOn(repository.notifications!, 'tell');
      const { sessions, get } = serviceOver(repository, { feed: FEED });
      const { watch } = new Watching(sessions, randomUUID());
      expect(await watch.checked).toBe(false);
      await get(SessionFeed).beforeApplicationShutdown();
      expect([listen.mock.calls.length, tell.mock.calls.length]).toEqual([1, 0]);
    } finally {
      vi.restoreAllMocks();
      await database.close();
    }
  });

  it('carry the records that a process watches, in texts that the server accepts', async () => {
    const database = await SessionsDatabase.open('postgresql', TABLE);
    const [here, there] = [1, 2].map(() => new RecordNotifications(database.context, database.context.dialect.notifications!));
    const [heard, own] = [[] as string[], [] as string[]];
    const listen = (notifications: RecordNotifications, into: string[]) =>
      notifications.listen({ ...DEAF, watched: (hashes) => void into.push(...hashes), asked: () => void into.push('asked') });
    try {
      const deafen = await Promise.all([listen(there!, heard), listen(here!, own)]);
      const hashes = Array.from({ length: 2000 }, (_, n) => notifiedHash(`record ${n}`));
      await here!.tell({ written: [], watched: hashes, isAsking: true });
      await vi.waitFor(() => expect(heard).toHaveLength(2001), 5000);
      expect(heard).toEqual([...hashes, 'asked']);
      expect(own).toEqual([]);
      for (const stop of deafen) await stop!();
    } finally {
      await database.close();
    }
  });

  it('are not sent without `feed.notify`, and a failure of theirs is not told', async () => {
    const database = await SessionsDatabase.open('postgresql', TABLE);
    try {
      const repository = new SqlSessionRepository(database.context);
      const [sent, logged] = [vi.spyOn(repository.notifications!, 'ended'), vi.spyOn(Logger.prototype, 'warn')];
      await serviceOver(repository).sessions.destroy(randomUUID());
      expect(sent).not.toHaveBeenCalled();
      sent.mockRejectedValue(new Error('no connection'));
      const { sessions, get } = serviceOver(repository, { feed: FEED });
      await sessions.destroy(randomUUID());
      await get(SessionFeed).beforeApplicationShutdown();
      expect(sent).toHaveBeenCalledTimes(1);
      vi.spyOn(repository.notifications!, 'listen').mockRejectedValue(new Error('no connection left'));
      const other = serviceOver(repository, { feed: { ...FEED, interval: 10, grace: 1000 } });
      const watching = new Watching(other.sessions, randomUUID());
      await watching.end();
      await vi.waitFor(() => expect(logged.mock.calls.map(([line]) => String(line))).toEqual([NOT_HEARD]));
    } finally {
      vi.restoreAllMocks();
      await database.close();
    }
  });
});

const DEAF: Hearing = { ended() {}, written() {}, cleared() {}, watched() {}, asked() {}, lost() {} };
const NOT_HEARD = 'Notifications of sessions are not heard: Error: no connection left';
