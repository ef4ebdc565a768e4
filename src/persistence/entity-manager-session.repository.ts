import { Injectable } from '@nestjs/common';
import {
  LockMode,
  UniqueConstraintViolationException,
  raw,
  type EntityMetadata,
  type EntityProperty,
  type LogContext,
  type LoggerNamespace,
  type MikroORM,
  type RawQueryFragment,
} from '@mikro-orm/core';
import type { AbstractSqlConnection, QueryBuilder, SqlEntityManager } from '@mikro-orm/sql';
import { SmartSessionConfigError } from '../smart-session.errors.js';
import type { RunStatement } from '../dialects/run-statement.js';
import { DatabaseContext } from './database-context.js';
import { COLUMN_OF, type SessionEntity } from './session.entity.js';
import { entityOf } from './table-location.js';
import {
  datesOf,
  firstLifetime,
  lifetimeParameters,
  listedTimes,
  longestColumn,
  movedExpiry,
  remainingColumn,
  type ListedTimes,
} from './expiry.js';
import { NamedLeases } from './named-leases.js';
import type {
  DeletedRecord,
  KnownRecord,
  Lifetime,
  RecordChange,
  SessionRepository,
  SessionSummary,
  StoredRecord,
} from './session.repository.js';
import { byKey, toRecord, type Row } from './stored-row.js';
import { SqlSessionRepository } from './sql-session.repository.js';
import { withBoundLockWait } from './transaction.js';

/**
 * The repository on MikroORM's entity manager. Every operation uses its own fork, so the app's identity map and unit of work stay
 * untouched.
 *
 * It inherits updates, touches and leases. MikroORM's update takes three times the CPU time, has no batch with a version for each
 * row, and would increment the version at a touch.
 */
@Injectable()
export class EntityManagerSessionRepository extends SqlSessionRepository {
  readonly #context: DatabaseContext;
  readonly #orm: MikroORM;
  readonly #entity: typeof SessionEntity;
  readonly #loggerContext: LogContext;
  readonly #leasesInTransaction: NamedLeases;
  /** The queries that load records, by the number of keys. MikroORM takes longer to build one than to run it. */
  readonly #loads = new Map<number, string>();

  /** @throws SmartSessionConfigError if the connection has no entity for the table */
  constructor(context: DatabaseContext) {
    super(context);
    this.#context = context;
    this.#orm = requireOrm(context);
    this.#entity = requireEntity(this.#orm, context);
    this.#loggerContext = withoutValues(this.#orm);
    this.#leasesInTransaction = new NamedLeases(context, () => '?');
  }

  override async load(storageKey: string): Promise<StoredRecord | undefined> {
    const [row] = await this.#loadRows([storageKey]);
    return row && toRecord(row);
  }

  override async loadMany(storageKeys: readonly string[]): Promise<ReadonlyMap<string, StoredRecord>> {
    return byKey(await this.#loadRows(storageKeys));
  }

  override async insert(storageKey: string, { data, commitId, userId, maxAge, lifetime }: RecordChange): Promise<boolean> {
    const row = { sessionId: storageKey, data, commitId, userId, maxAge, lockVersion: 0, createdAt: this.#now(), updatedAt: this.#now() };
    try {
      await this.#fork().insert(this.#entity, { ...row, expiresAt: this.#fromNow(firstLifetime(lifetime, this.#context)) } as never);
      return true;
    } catch (error) {
      if (error instanceof UniqueConstraintViolationException) return false;
      throw error;
    }
  }

  override updateLocked(...[storageKey, decide, fence]: Parameters<SessionRepository['updateLocked']>): Promise<StoredRecord | undefined> {
    return this.#transactional(async (em) => {
      const run: RunStatement = async (sql, parameters = []) => ({ rows: rowsIn(await em.execute(sql, [...parameters])), affected: 0 });
      const lost = fence && (await this.#leasesInTransaction.lockAll(run, fence.held));
      const query = this.#selectLive(em, { sessionId: storageKey }).setLockMode(LockMode.PESSIMISTIC_WRITE);
      const rows = await query.execute<Row[]>('all', UNMAPPED);
      const record = rows[0] && toRecord(rows[0]);
      const change = record && decide(record, lost);
      if (fence?.finished && !lost && record) await this.#leasesInTransaction.finish(run, fence.finished);
      if (!change) return record;
      return (await this.#write(em, { sessionId: storageKey }, this.#assignments(change))) === 1 ? record : undefined;
    });
  }

  override async destroy(storageKey: string): Promise<DeletedRecord | undefined> {
    return (await this.#fork().nativeDelete(this.#entity, { sessionId: storageKey }, UNFILTERED)) === 1 ? { storageKey } : undefined;
  }

  override async end(storageKey: string, known: KnownRecord, endId: string): Promise<boolean> {
    if (this.#context.keepsDevices) return super.end(storageKey, known, endId);
    const { version, commitId } = known;
    const expiresAt = raw(this.#context.dialect.ofUnixTime('0'));
    const ended = { data: '{}', commitId: endId, userId: null, updatedAt: this.#now(), expiresAt };
    return (await this.#write(this.#fork(), { sessionId: storageKey, lockVersion: version, commitId }, ended)) === 1;
  }

  override async isEndedBy(storageKey: string, endId: string): Promise<boolean> {
    return (await this.#fork().count(this.#entity, { sessionId: storageKey, commitId: endId }, READ)) === 1;
  }

  override async destroyCommitted(storageKey: string, commitId: string | null): Promise<boolean> {
    return (await this.#fork().nativeDelete(this.#entity, { sessionId: storageKey, commitId, ...this.#live }, UNFILTERED)) === 1;
  }

  override async removeExpired(storageKey: string): Promise<boolean> {
    return (await this.#fork().nativeDelete(this.#entity, { sessionId: storageKey, ...this.#expired }, UNFILTERED)) === 1;
  }

  override count(): Promise<number> {
    return this.#fork().count(this.#entity, this.#live, READ);
  }

  override async all(): Promise<ReadonlyMap<string, StoredRecord>> {
    return byKey(await this.#selectLive(this.#fork(), {}).execute<Row[]>('all', UNMAPPED));
  }

  override async clear(): Promise<void> {
    await this.#fork().nativeDelete(this.#entity, {}, UNFILTERED);
  }

  override async list(userId: string): Promise<SessionSummary[]> {
    const rows = await this.#select(this.#fork(), ['sessionId', raw(listedTimes(this.#context))])
      .where({ userId: this.#exactly(userId), ...this.#live })
      .orderBy({ createdAt: 'desc', sessionId: 'asc' })
      .execute<({ sessionId: string } & ListedTimes)[]>('all');
    return rows.map((row) => ({ storageKey: row.sessionId, userId, ...datesOf(row) }));
  }

  #fork(): SqlEntityManager {
    // The handler may have a transaction open in the current context.
    const em = this.#orm.em.fork({ disableContextResolution: true, loggerContext: this.#loggerContext }) as SqlEntityManager;
    // The app may have set another schema on its global entity manager.
    em.schema = this.#context.schema;
    return em;
  }

  #transactional<Result>(work: (em: SqlEntityManager) => Promise<Result>): Promise<Result> {
    const { dialect, lockTimeout } = this.#context;
    const em = this.#fork();
    // The entity manager's own method does nothing if the app disables transactions, and it notifies the app's subscribers.
    return em.getConnection('write').transactional((transaction) => {
      em.setTransactionContext(transaction);
      const run = async (sql: string) => ({ rows: await em.execute(sql), affected: 0 });
      return withBoundLockWait(run, dialect, lockTimeout, async () => {
        // SQLite has no row locks. This write of no rows takes the lock of the whole database. A transaction that has read
        // already could not wait for that lock.
        if (dialect.forUpdate === '') await em.nativeDelete(this.#entity, { sessionId: '' }, UNFILTERED);
        return work(em);
      });
    });
  }

  #loadRows(storageKeys: readonly string[]): Promise<Row[]> {
    const connection = this.#orm.em.getConnection('write') as AbstractSqlConnection;
    return connection.execute<Row[]>(this.#loadOf(storageKeys.length), storageKeys, 'all', undefined, this.#loggerContext);
  }

  #loadOf(count: number): string {
    const built = this.#loads.get(count) ?? this.#buildLoad(Array<string>(count).fill(KEY));
    this.#loads.set(count, built);
    return built;
  }

  #buildLoad(keys: readonly string[]): string {
    const sessionId = keys.length === 1 ? KEY : { $in: keys };
    const query = this.#selectLive(this.#fork(), { sessionId }).indexHint(keys.length === 1 ? '' : this.#context.keyHint);
    return query.getFormattedQuery().replaceAll(`'${KEY}'`, '?');
  }

  #selectLive(em: SqlEntityManager, where: { sessionId?: string | { $in: readonly string[] } }): QueryBuilder<any, any, any, any, any> {
    return this.#select(em, ['sessionId', 'data', 'lockVersion', 'commitId', 'maxAge', 'leaseId', ...this.#clockColumns()]).where({
      ...where,
      ...this.#live,
    });
  }

  #select(em: SqlEntityManager, columns: readonly (string | RawQueryFragment)[]): QueryBuilder<any, any, any, any, any> {
    return em
      .createQueryBuilder(this.#entity, undefined, READ.connectionType)
      .select(columns as never)
      .cache(READ.cache);
  }

  /** Writes values. MikroORM increments the version itself. */
  #write(
    em: SqlEntityManager,
    where: { sessionId: string; lockVersion?: number; commitId?: string | null },
    assignments: object,
  ): Promise<number> {
    return em.nativeUpdate(this.#entity, { ...where, ...this.#live }, assignments, UNFILTERED);
  }

  #assignments({ data, commitId, userId, maxAge, lifetime }: RecordChange): object {
    return { data, commitId, userId, maxAge, updatedAt: this.#now(), expiresAt: this.#movedExpiry(lifetime) };
  }

  #movedExpiry(lifetime: Lifetime) {
    return raw(
      movedExpiry(this.#context, () => '?'),
      lifetimeParameters(lifetime),
    );
  }

  /** The condition of a live record: see `isLive`. */
  get #live() {
    const { absoluteTtl } = this.#context;
    const isInTime = { expiresAt: { $gt: this.#now() } };
    return absoluteTtl === undefined ? isInTime : { ...isInTime, createdAt: { $gt: this.#fromNow(-absoluteTtl) } };
  }

  /** The condition of an expired record: see `isExpired`. */
  get #expired() {
    const { absoluteTtl } = this.#context;
    const isLate = { expiresAt: { $lte: this.#now() } };
    return absoluteTtl === undefined ? isLate : { $or: [isLate, { createdAt: { $lte: this.#fromNow(-absoluteTtl) } }] };
  }

  #exactly(text: string) {
    return raw(this.#context.dialect.exactText('?'), [text]);
  }

  #clockColumns() {
    return [raw(`${remainingColumn(this.#context)}${longestColumn(this.#context)}`)];
  }

  #now() {
    return raw(this.#context.dialect.now);
  }

  #fromNow(ms: number) {
    return raw(this.#context.dialect.fromNow('?'), [ms]);
  }
}

const UNFILTERED = { filters: false } as const;

/** Reads from the primary and not from the app's result cache. A replica and the cache may be stale. */
const READ = { ...UNFILTERED, connectionType: 'write', cache: false } as const;

/** Stands for a key in a query that MikroORM has built. */
const KEY = ':key';

/** Rows as the driver returns them, with the names of the columns. */
const UNMAPPED = { mapResults: false } as const;

/** Keeps sessions out of MikroORM's debug log: it logs statements without their values. */
function withoutValues(orm: MikroORM): LogContext {
  const debug = orm.config.get('debug');
  const namespaces: LoggerNamespace[] = debug === true ? ['query'] : debug || [];
  return { debugMode: namespaces.filter((namespace) => namespace !== 'query-params'), params: [], formatted: '' };
}

function requireOrm({ orm }: DatabaseContext): MikroORM {
  if (orm) return orm;
  throw new SmartSessionConfigError(
    'repository',
    'EntityManagerSessionRepository was given with `client`, but it needs MikroORM',
    'Leave `repository` out, or give `connection` in the place of `client`.',
  );
}

function requireEntity(orm: MikroORM, context: DatabaseContext): typeof SessionEntity {
  const { tableName, schema } = context;
  const found = entityOf(context, orm);
  if (!found?.versionProperty) {
    throw new SmartSessionConfigError(
      'repository',
      `EntityManagerSessionRepository was given, but the connection has no entity with a lock version for the table "${schema ? `${schema}.` : ''}${tableName}"`,
      "Add `SessionEntity` to MikroORM's `entities` (for another table: `defineSessionEntity({ tableName })`), or leave `repository` out.",
    );
  }
  checkProperties(found);
  return found.class as unknown as typeof SessionEntity;
}

/** Checks the entity's property names. An entity of the app may have named its columns otherwise. */
function checkProperties({ className, properties }: EntityMetadata): void {
  const isWrong = ([property, column]: [string, string]) =>
    (properties as Record<string, EntityProperty>)[property]?.fieldNames[0] !== column;
  const wrong = Object.entries(COLUMN_OF).find(isWrong);
  if (!wrong) return;
  throw new SmartSessionConfigError(
    'repository',
    `EntityManagerSessionRepository was given, but the entity ${className} has no property \`${wrong[0]}\` for the column ${wrong[1]}`,
    'Use `defineSessionEntity()` instead, or leave `repository` out.',
  );
}

/** An update returns something else than rows. */
function rowsIn(result: unknown): Record<string, unknown>[] {
  return Array.isArray(result) ? (result as Record<string, unknown>[]) : [];
}
