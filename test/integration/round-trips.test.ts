import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { MikroORM } from '@mikro-orm/core';
import { EntityManagerSessionRepository, SqlSessionRepository, type SessionRepository } from '../../src/index.js';
import { ONE_PER_SERVER, serverOf } from '../support/databases.js';
import { transactionsOf } from '../support/orders.js';
import { protocolOf } from '../support/protocol-of.js';
import { serviceOver } from '../support/service-over.js';
import { SERVERS } from '../support/servers.js';
import { SessionsDatabase } from '../support/sessions-database.js';
import { TcpProxy } from '../support/tcp-proxy.js';

type Live = Record<string, any>;
type Services = ReturnType<typeof serviceOver> & { readonly orm: MikroORM };

/** The page's table: an operation, and its round trips with each repository and server. */
const TABLE = new Map(
  [...readFileSync('docs/statements.md', 'utf8').matchAll(/^\| (.+?) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$/gm)].map(
    ([, name, ...counts]) => [name!, counts.map(Number)],
  ),
);

/** The columns of the table. */
const COLUMNS = [
  { repository: SqlSessionRepository, server: 'postgresql' },
  { repository: SqlSessionRepository, server: 'mysql' },
  { repository: EntityManagerSessionRepository, server: 'postgresql' },
  { repository: EntityManagerSessionRepository, server: 'mysql' },
] as const;

const CASES = ONE_PER_SERVER.filter((database) => database !== 'sqlite').flatMap((database) =>
  COLUMNS.flatMap(({ repository, server }, column) => {
    const isOfServer = server === (serverOf(database) === 'postgresql' ? 'postgresql' : 'mysql');
    return isOfServer ? [{ database, repository, name: repository.name, column }] : [];
  }),
);

const LIMITS = { timeout: 1000, lease: 5000, maxWaiting: 1 };

const create = ({ sessions }: Services, id: string) =>
  sessions.commit(Object.assign(Object.defineProperty({}, 'id', { value: id }), { n: 0 }) as object);
const load = async ({ sessions }: Services, id: string) => (await sessions.load(id)) as Live;

/** What is counted, after what it needs. */
type Operation = (services: Services) => Promise<() => Promise<unknown>>;

/** An operation on a session that is stored, and loaded by a request. */
const onLoaded =
  (work: (services: Services, session: Live, id: string) => Promise<unknown>): Operation =>
  async (services) => {
    const id = randomUUID();
    await create(services, id);
    const session = await load(services, id);
    return () => work(services, session, id);
  };

const write = ({ sessions }: Services, session: Live) => sessions.commit(Object.assign(session, { n: session.n + 1 }));

const OPERATIONS: Record<string, { readonly run: Operation; readonly locking?: 'pessimistic' }> = {
  load: { run: onLoaded(({ sessions }, _session, id) => sessions.load(id)) },
  'first save': { run: async (services) => () => create(services, randomUUID()) },
  write: { run: onLoaded(write) },
  'four writes at once, of four sessions': {
    run: async (services) => {
      const ids = Array.from({ length: 4 }, () => randomUUID());
      for (const id of ids) await create(services, id);
      const loaded = await Promise.all(ids.map((id) => load(services, id)));
      return () => Promise.all(loaded.map((session) => write(services, session)));
    },
  },
  'write, with pessimistic locking': { locking: 'pessimistic', run: onLoaded(write) },
  '`@LockSession()`: lock, write, unlock': {
    run: onLoaded(async (services, session) => {
      const unlock = await services.locker.lock(session, LIMITS);
      session.n++;
      await protocolOf(services.sessions).committer.commitForResponse(session, undefined, true);
      await unlock?.();
    }),
  },
  '`lock()`: lock, write, unlock': {
    run: onLoaded(({ sessions }, session) => sessions.lock(session, 'checkout', (locked) => void (locked as Live).n++)),
  },
  '`once()`, if the work runs': {
    run: onLoaded(({ sessions }, session) => sessions.once(session, 'tokens', { work: (draft) => void (draft as Live).n++ })),
  },
  '`once()`, if nothing has to be done': {
    run: onLoaded(({ sessions }, session) => sessions.once(session, 'tokens', { isFresh: () => true, work: () => undefined })),
  },
  '`transactional()`, beside the statements of its work': {
    run: onLoaded(({ sessions }, session) => sessions.transactional(session, (_em, draft) => void (draft as Live).n++)),
  },
  '`update()` inside a transaction of the app, with its `begin` and `commit`': {
    run: onLoaded(({ sessions, orm }, session) =>
      orm.em.fork().transactional((em) => sessions.update(session, (draft) => void (draft as Live).n++, { em })),
    ),
  },
  destroy: { run: onLoaded(({ sessions }, _session, id) => sessions.destroy(id)) },
};

/** Opens several connections: if a statement takes longer than 5 ms, the next one needs another connection, whose handshake would be counted. */
async function openConnections({ context }: SessionsDatabase): Promise<void> {
  await Promise.all(Array.from({ length: 4 }, () => context.runner.run('select 1')));
}

describe.each(CASES)('round trips of $name on $database', ({ database: databaseName, repository: Repository, column }) => {
  let proxy: TcpProxy;
  let database: SessionsDatabase;
  let repository: SessionRepository;

  beforeAll(async () => {
    proxy = await TcpProxy.start(SERVERS[databaseName as keyof typeof SERVERS]);
    database = await SessionsDatabase.open(databaseName, `trips_${databaseName}_${column}`, proxy.address);
    repository = new Repository(database.context);
  });
  afterAll(async () => {
    await database.close();
    await proxy.close();
  });

  it.each(Object.keys(OPERATIONS))('%s', async (name) => {
    const { run, locking = 'optimistic' } = OPERATIONS[name]!;
    const transactions = transactionsOf(database.context);
    const services = { ...serviceOver(repository, { locking }, undefined, undefined, undefined, transactions), orm: database.context.orm! };
    const count = async () => {
      const work = await run(services);
      const before = proxy.roundTrips;
      await work();
      return proxy.roundTrips - before;
    };
    await openConnections(database);
    // The first batched update of a process may be a transaction.
    await count();
    expect({ name, count: await count() }).toEqual({ name, count: TABLE.get(name)?.[column] });
  });
});

it('of all operations are in the docs', () => {
  expect([...TABLE.keys()]).toEqual(Object.keys(OPERATIONS));
});
