import { setTimeout as sleep } from 'node:timers/promises';
import knex, { type Knex } from 'knex';
import { FIRST, type Answer, type Request, type Store, type Values } from './operation.js';

/** The settings of each connection. */
export interface DriverSettings {
  readonly isolation: 'read committed' | 'repeatable read' | 'serializable';
  /** Which statements wait for what other nodes have committed: 1 for reads, 2 for updates, 4 for inserts, or their sum. */
  readonly syncWait: number;
  /** Whether a transaction in `repeatable read` fails if a row that it changes has changed since its snapshot. */
  readonly hasSnapshotIsolation: boolean;
}

interface Address {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly dbName: string;
}

type Rows = Record<string, unknown>[];
type Run = (sql: string, ...parameters: unknown[]) => Promise<Rows & { readonly affectedRows?: number }>;

const TABLES = ['lists', 'counts', 'registers'] as const;

/** The longest time between the read and the write of a transaction, in ms. */
const THINKING = 5;

/** ER_LOCK_DEADLOCK, ER_CHECKREAD, ER_LOCK_WAIT_TIMEOUT, and ER_ROLLBACK_ONLY of MariaDB: the transaction is rolled back. */
const ROLLED_BACK = new Set<unknown>([1213, 1020, 1205, 4196]);

/** The same operations without the library, as statements of a driver. */
export class DriverStore implements Store {
  readonly #connections = new Map<string, Knex>();

  constructor(
    private readonly addresses: readonly Address[],
    private readonly settings: DriverSettings,
  ) {}

  get nodes(): number {
    return this.addresses.length;
  }

  /** Creates the tables with so many keys. */
  async create(keys: number): Promise<void> {
    const run = this.#on(0, 0);
    await this.drop();
    await run('create table lists (id int primary key, value longtext not null)');
    for (const table of ['counts', 'registers']) await run(`create table ${table} (id int primary key, value int not null)`);
    for (let key = 0; key < keys; key++) {
      await run('insert into lists values (?, ?)', key, '');
      await run('insert into counts values (?, ?)', key, FIRST.count);
      await run('insert into registers values (?, ?)', key, FIRST.register);
    }
  }

  async drop(): Promise<void> {
    for (const table of TABLES) await this.#on(0, 0)(`drop table if exists ${table}`);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#connections.values()].map((connection) => connection.destroy()));
  }

  async ask(node: number, client: number, key: number, request: Request): Promise<Answer> {
    const run = this.#on(node, client);
    try {
      return { outcome: 'done', ...(await perform(run, key, request)) };
    } catch (error) {
      await run('rollback').catch(() => undefined);
      return { outcome: ROLLED_BACK.has((error as { errno?: unknown }).errno) ? 'refused' : 'unknown' };
    }
  }

  /** Runs statements on the connection of a client to a node. The driver sends them as texts. */
  #on(node: number, client: number): Run {
    const name = `${node} ${client}`;
    const connection = this.#connections.get(name) ?? this.#connect(this.addresses[node]!);
    this.#connections.set(name, connection);
    return async (sql, ...parameters) => ((await connection.raw(sql, parameters as Knex.RawBinding[])) as [Rows])[0];
  }

  #connect({ dbName: database, ...server }: Address): Knex {
    const { isolation, syncWait, hasSnapshotIsolation } = this.settings;
    const setUp =
      `set session wsrep_sync_wait = ${syncWait}, innodb_snapshot_isolation = ${hasSnapshotIsolation ? 'on' : 'off'}, ` +
      `tx_isolation = '${isolation.toUpperCase().replace(' ', '-')}'`;
    const afterCreate = (
      raw: { query: (sql: string, done: (error: unknown) => void) => void },
      done: (error: unknown, raw: unknown) => void,
    ) => raw.query(setUp, (error) => done(error, raw));
    return knex({ client: 'mysql2', connection: { ...server, database }, pool: { min: 1, max: 1, afterCreate } });
  }
}

async function perform(run: Run, key: number, request: Request): Promise<Omit<Answer, 'outcome'>> {
  switch (request.kind) {
    case 'append': {
      const value = await readAndWrite(run, 'lists', key, 'concat(value, ?)', () => `${request.element},`);
      return { seen: toList(value) };
    }
    case 'increment':
      await readAndWrite(run, 'counts', key, '?', (value) => Number(value) + 1);
      return {};
    case 'exchange': {
      const { affectedRows } = await run('update registers set value = ? where id = ? and value = ?', request.to, key, request.from);
      return { isExchanged: affectedRows === 1 };
    }
    case 'read':
      return { values: await readAll(run, key) };
  }
}

/** Reads a value and writes another one, in one transaction. */
async function readAndWrite(
  run: Run,
  table: string,
  key: number,
  expression: string,
  change: (value: unknown) => unknown,
): Promise<unknown> {
  await run('start transaction');
  const [row] = await run(`select value from ${table} where id = ?`, key);
  await sleep(Math.random() * THINKING);
  await run(`update ${table} set value = ${expression} where id = ?`, change(row!.value), key);
  await run('commit');
  return row!.value;
}

async function readAll(run: Run, key: number): Promise<Values> {
  const values: unknown[] = [];
  for (const table of TABLES) values.push((await run(`select value from ${table} where id = ?`, key))[0]!.value);
  return { list: toList(values[0]), count: Number(values[1]), register: Number(values[2]) };
}

function toList(text: unknown): number[] {
  return String(text).split(',').slice(0, -1).map(Number);
}
