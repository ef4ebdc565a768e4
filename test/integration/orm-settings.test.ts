import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Logger } from '@nestjs/common';
import { EntityRepository, type EventSubscriber, type Options } from '@mikro-orm/sql';
import type { DialectName } from '../../src/index.js';
import { DATABASES } from '../support/databases.js';
import { failuresUnder } from '../support/orm-settings.js';

/** MikroORM's options, as an app may set them for its own entities. */
const SETTINGS: Readonly<Record<string, Partial<Options>>> = {
  'resultCache.global': { resultCache: { global: true } },
  'resultCache.global, in ms': { resultCache: { global: 60_000 } },
  'filters, on by default': { filters: { mine: { cond: { userId: 'berta' }, default: true } } },
  'filters of a property that a session has not': { filters: { tenant: { cond: { tenant: 1 }, default: true } } },
  disableTransactions: { disableTransactions: true },
  'implicitTransactions: false': { implicitTransactions: false },
  disableIdentityMap: { disableIdentityMap: true },
  forceUndefined: { forceUndefined: true },
  forceEntityConstructor: { forceEntityConstructor: true },
  'forceUtcTimezone: false': { forceUtcTimezone: false },
  timezone: { timezone: '+05:30' },
  ignoreUndefinedInQuery: { ignoreUndefinedInQuery: true },
  'validateRequired: false': { validateRequired: false },
  initNullableProperties: { initNullableProperties: true },
  'batchSize: 1': { batchSize: 1 },
  'useBatchInserts: false': { useBatchInserts: false },
  'useBatchUpdates: false': { useBatchUpdates: false },
  "loadStrategy: 'select-in'": { loadStrategy: 'select-in' },
  "loadStrategy: 'joined'": { loadStrategy: 'joined' },
  "flushMode: 'always'": { flushMode: 'always' },
  "flushMode: 'commit'": { flushMode: 'commit' },
  "populateWhere: 'infer'": { populateWhere: 'infer' },
  dataloader: { dataloader: true },
  'persistOnCreate: false': { persistOnCreate: false },
  'populateAfterFlush: false': { populateAfterFlush: false },
  'upsertManaged: false': { upsertManaged: false },
  'propagationOnPrototype: false': { propagationOnPrototype: false },
  'autoJoinOneToOneOwner, autoJoinRefsForFilters, filtersOnRelations: false': {
    autoJoinOneToOneOwner: false,
    autoJoinRefsForFilters: false,
    filtersOnRelations: false,
  },
  serialization: { serialization: { includePrimaryKeys: false, forceObject: true } },
  assign: { assign: { ignoreUndefined: true, mergeObjectProperties: true } },
  'allowGlobalContext: false': { allowGlobalContext: false },
  context: { context: () => undefined },
  contextName: { contextName: 'shop' },
  onQuery: { onQuery: (sql) => `/* shop */ ${sql}` },
  findOneOrFailHandler: { findOneOrFailHandler: () => new Error('refused') },
  subscribers: { subscribers: [refusingSubscriber()] },
  entityRepository: { entityRepository: class extends EntityRepository<any> {} },
  'preferReadReplicas: false': { preferReadReplicas: false },
  'debug, with values': { debug: true, logger: () => undefined, colors: false },
  'discovery.checkDuplicate…: false': {
    discovery: { checkDuplicateFieldNames: false, checkDuplicateTableNames: false, inferDefaultValues: false },
  },
  schemaGenerator: { schemaGenerator: { ignoreSchema: ['other'], skipTables: ['other'], createForeignKeyConstraints: false } },
  metadataCache: { metadataCache: { enabled: false } },
  'ensureDatabase: false': { ensureDatabase: false },
};

/** Every hook of a subscriber that hears of all entities, and of transactions. */
function refusingSubscriber(): EventSubscriber {
  const refuse = () => {
    throw new Error("A subscriber of the app heard of the library's sessions.");
  };
  return {
    onInit: refuse,
    onLoad: refuse,
    beforeCreate: refuse,
    afterCreate: refuse,
    beforeUpdate: refuse,
    afterUpdate: refuse,
    beforeDelete: refuse,
    afterDelete: refuse,
    beforeFlush: refuse,
    onFlush: refuse,
    afterFlush: refuse,
    beforeTransactionStart: refuse,
    afterTransactionStart: refuse,
    beforeTransactionCommit: refuse,
    afterTransactionCommit: refuse,
    beforeTransactionRollback: refuse,
    afterTransactionRollback: refuse,
  };
}

/** What a server answers otherwise than SQLite; at once, since each app takes its time. */
const ON_SERVERS: Partial<Options> = {
  disableTransactions: true,
  forceUndefined: true,
  subscribers: [refusingSubscriber()],
  pool: { min: 0, max: 1 },
};

const CASES = DATABASES.flatMap((database) =>
  Object.entries(database === 'sqlite' ? SETTINGS : { 'transactions, null, subscribers and a pool of one': ON_SERVERS }).map(
    ([setting, options]) => ({ database, setting, options }),
  ),
);

describe('sessions on an app whose MikroORM is set otherwise', () => {
  beforeAll(() => Logger.overrideLogger(false));

  it.each(CASES)('$setting on $database', checkSettings);

  it('dates in a process of another time zone', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['build/test/support/zone-worker.js', DATABASES.join()], {
      env: { ...process.env, TZ: 'Asia/Kolkata' },
    });
    expect(JSON.parse(stdout)).toEqual([]);
  });
});

async function checkSettings({ database, options }: { database: DialectName; options: Partial<Options> }): Promise<void> {
  expect(await failuresUnder(database, options, 'settings')).toEqual([]);
}
