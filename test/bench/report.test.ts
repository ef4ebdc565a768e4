import { percentile } from '../../bench/src/load/percentile.js';
import { Places } from '../../bench/src/plan/places.js';
import { planStages } from '../../bench/src/plan/plan.js';
import { isRun, SCENARIOS } from '../../bench/src/plan/scenario.js';
import { readSettings } from '../../bench/src/plan/settings.js';
import { BARS, measureBars, type Bar } from '../../bench/src/report/bars.js';
import { linesOf, throughputBars } from '../../bench/src/report/chart-data.js';
import { barTable, summaryTable } from '../../bench/src/report/markdown.js';
import { ourFaults } from '../../bench/src/report/report.js';
import { inBoth } from '../../bench/src/plan/against.js';
import { compareCheckouts } from '../../bench/src/report/comparison.js';
import { ratioOf, spreadOf } from '../../bench/src/report/statistics.js';
import { summarize } from '../../bench/src/report/summary.js';
import { findStore, STORES } from '../../bench/src/stores/catalog.js';
import type { StoreDefinition } from '../../bench/src/stores/store-definition.js';
import { runRecord as record } from './run-records.js';

describe('percentiles', () => {
  const hundred = Array.from({ length: 100 }, (_, n) => n + 1);
  it.each([
    [0.5, 50],
    [0.99, 99],
    [1, 100],
    [0, 1],
  ])('%d of 1 to 100 is %d', (share, value) => expect(percentile(hundred, share)).toBe(value));
  it('keep fractions', () => expect(percentile([0.25, 0.75], 0.5)).toBe(0.25));
  it('of nothing are no number', () => expect(percentile([], 0.5)).toBeNaN());
});

describe('spreads and ratios', () => {
  it('have the middle of an odd number of values', () => expect(spreadOf([9, 1, 2])).toEqual({ median: 2, min: 1, max: 9 }));
  it('have the mean of the two in the middle of an even one', () =>
    expect(spreadOf([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, max: 4 }));
  it('do not sort by letters', () => expect(spreadOf([10, 9, 100]).median).toBe(10));
  it('are of nothing undefined', () => {
    expect(() => spreadOf([])).toThrow('there is no median');
    expect(ratioOf(new Map([[1, 5]]), new Map([[2, 5]]))).toBeUndefined();
  });
  it('are taken within rounds', () => {
    const ours = new Map([
      [1, 100],
      [2, 1000],
      [3, 300],
    ]);
    expect(
      ratioOf(
        ours,
        new Map([
          [1, 50],
          [2, 500],
          [3, 100],
        ]),
      ),
    ).toEqual({ median: 2, min: 2, max: 3 });
  });
});

describe('the bar', () => {
  const bar: Bar = { ours: 'ours-sqlite', peer: 'memory-store', scenario: 'read', figure: 'requestsPerSecond', atLeast: 0.8 };
  const measured = (change: Partial<Bar>, ours: number, theirs: number) =>
    measureBars(
      [{ ...bar, ...change }],
      [
        record(1, bar.ours, 'read', { requestsPerSecond: ours, p50: ours }),
        record(1, bar.peer, 'read', { requestsPerSecond: theirs, p50: theirs }),
      ],
    )[0];

  it('is reached by as much, and missed by less', () => {
    expect(measured({}, 80, 100)).toMatchObject({ isReached: true, ratio: { median: 0.8 } });
    expect(measured({}, 79, 100)).toMatchObject({ isReached: false });
  });

  it('of a latency is missed by more', () => {
    const latency: Partial<Bar> = { figure: 'p50', atLeast: undefined, atMost: 1.1 };
    expect(measured(latency, 1.1, 1)).toMatchObject({ isReached: true });
    expect(measured(latency, 1.2, 1)).toMatchObject({ isReached: false });
  });

  it('is not measured where a run is missing', () => {
    const [missing] = measureBars([bar], [record(1, bar.ours, 'read', {})]);
    expect(missing).toMatchObject({ ratio: undefined, isReached: undefined });
    expect(barTable([missing!])).toContain('not measured');
  });

  it('names stores and scenarios that there are', () => {
    for (const { ours, peer, scenario } of BARS) {
      expect([findStore(ours).kind, findStore(peer).kind]).toEqual(['ours', 'peer']);
      expect(SCENARIOS.map(({ name }) => name)).toContain(scenario);
    }
  });
});

describe('the report', () => {
  const records = [
    record(1, 'ours-sqlite', 'read', { requestsPerSecond: 100, p50: 4 }),
    record(2, 'ours-sqlite', 'read', { requestsPerSecond: 300, p50: 2, lost: 1, acknowledged: 7 }),
    record(1, 'knex-sqlite', 'read', { requestsPerSecond: 250, lost: 2, acknowledged: 8 }),
    record(1, 'ours-sqlite', 'read-16-connections', { p50: 1 }),
    record(1, 'ours-sqlite', 'read-10-kb', { p50: 9 }),
  ];
  const summary = summarize(records);

  it('sums up the rounds', () => {
    expect(summary[0]).toMatchObject({
      store: 'ours-sqlite',
      rounds: 2,
      requestsPerSecond: { median: 200, min: 100, max: 300 },
      lost: 1,
      acknowledged: 7,
    });
  });

  it('groups bars by database, the fastest first', () => {
    const bars = throughputBars(summary, 'read').map((bar) => ('heading' in bar ? bar.heading : `${bar.store.id} ${bar.lost}`));
    expect(bars).toEqual(['SQLite', 'knex-sqlite 2', 'ours-sqlite 1']);
  });

  it('draws lines along what differs, and none of one point', () => {
    expect(linesOf(summary, 'read', 'connections', 'p50').map(({ store, points }) => [store.id, points])).toEqual([
      [
        'ours-sqlite',
        [
          [16, 1],
          [64, 3],
        ],
      ],
    ]);
  });

  it('draws distances from the runs without a relay, at 0 ms, and each number of connections by itself', () => {
    const near = [record(1, 'ours-mariadb', 'read', { p50: 1 }), record(1, 'ours-mariadb', 'read-1-connections', { p50: 2 })];
    const far = [
      record(1, 'ours-mariadb', 'read-5-ms', { p50: 6 }),
      record(1, 'ours-mariadb', 'read-1-ms', { p50: 3 }),
      record(1, 'ours-mariadb', 'read-5-ms-1-connections', { p50: 7 }),
      record(1, 'ours-mariadb', 'read-16-connections', { p50: 99 }),
    ];
    const pointsOf = (dimension: 'distance' | 'distanceOfOne') =>
      linesOf(summarize([...near, ...far]), 'read', dimension, 'p50').map(({ points }) => points);
    expect(pointsOf('distance')).toEqual([
      [
        [0, 1],
        [1, 3],
        [5, 6],
      ],
    ]);
    expect(pointsOf('distanceOfOne')).toEqual([
      [
        [0, 2],
        [5, 7],
      ],
    ]);
  });

  it('draws versions of Node, without the runs that name none', () => {
    const runs = ['read', 'read-node-22', 'read-node-26'].map((scenario, p50) => record(1, 'ours-mariadb', scenario, { p50 }));
    expect(linesOf(summarize(runs), 'read', 'node', 'p50').map(({ points }) => points)).toEqual([
      [
        [22, 1],
        [26, 2],
      ],
    ]);
  });

  it('draws the main stores alone', () => {
    const runs = ['ours-sqlite-em', 'knex-sqlite'].flatMap((store) =>
      ['read', 'read-10-kb'].map((scenario) => record(1, store, scenario, {})),
    );
    expect(linesOf(summarize(runs), 'read', 'bytes', 'p50')).toEqual([]);
  });

  it('says what was lost', () => {
    expect(summaryTable(summary.slice(0, 1), { runs: records, comparisons: [] })).toContain('1 of 7');
  });

  it('holds only our stores at fault', () => {
    expect(ourFaults({ summary, failures: [] })).toEqual(['ours-sqlite, read: 1 updates lost, 0 errors']);
    expect(
      ourFaults({
        summary: [],
        failures: [
          { store: 'ours-sqlite', scenario: 'start', message: 'no' },
          { store: 'knex-sqlite', scenario: 'start', message: 'no' },
        ],
      }),
    ).toEqual(['ours-sqlite, start: no']);
  });
});

describe('the plan', () => {
  const stores = ['ours-sqlite', 'memory-store', 'redis-always'].map(findStore);
  const scenarios = SCENARIOS.filter(({ name }) => name === 'read' || name === 'read-1000-rows');

  it('takes turns, each round beginning with another store', () => {
    const [stage] = planStages(scenarios, stores, 2);
    const rounds = [1, 2].map((round) => stage!.runs.filter((run) => run.round === round).map(({ store }) => store.id));
    expect(rounds[0]).toEqual(stores.map(({ id }) => id));
    expect(rounds[1]).not.toEqual(rounds[0]);
    expect(rounds[1]!.toSorted()).toEqual(rounds[0]!.toSorted());
  });

  it('runs all delays in one stage, and all versions of Node in another, before it fills tables', () => {
    const names = new Set(['read', 'write-1-ms', 'read-5-ms', 'read-node-22', 'write-node-26', 'read-1000-rows']);
    const stages = planStages(
      SCENARIOS.filter(({ name }) => names.has(name)),
      [findStore('ours-postgresql')],
      2,
    );
    expect(stages.map(({ rows, runs }) => [rows, [...new Set(runs.map(({ scenario }) => scenario.name))]])).toEqual([
      [undefined, ['read']],
      [undefined, ['write-1-ms', 'read-5-ms']],
      [undefined, ['read-node-22', 'write-node-26']],
      [1000, ['read-1000-rows']],
    ]);
  });

  it('fills tables in a stage of its own, and only those that can be filled', () => {
    const [, stage] = planStages(scenarios, stores, 1);
    expect(stage).toMatchObject({ rows: 1000, runs: [{ store: { id: 'ours-sqlite' } }] });
    expect(stage!.runs).toHaveLength(1);
  });
});

describe('the stores of a scenario', () => {
  const SERVERS = new Set<string>(['postgresql', 'mariadb', 'mysql']);
  const SQL = new Set<string>([...SERVERS, 'sqlite']);
  const storesOf = (name: string) =>
    STORES.filter((store) =>
      isRun(
        SCENARIOS.find((scenario) => scenario.name === name)!,
        store,
      ),
    );

  it.each(['read', 'write', 'mixed', 'hot'])('are all of them for %s', (name) => expect(storesOf(name)).toEqual(STORES));

  it.each(['read-1-connections', 'write-16-connections', 'read-10-kb', 'write-100-kb'])(
    'are all variants, peers and drivers of SQL databases for %s, and the main stores',
    (name) => {
      expect(storesOf(name)).toEqual(STORES.filter((store) => store.isMain || SQL.has(store.database)));
    },
  );

  it('are the main ones with 256 connections', () => {
    expect(storesOf('read-256-connections')).toEqual(STORES.filter(({ isMain }) => isMain));
  });

  it.each(['read-1-ms', 'write-5-ms', 'write-5-ms-1-connections'])(
    'are the main ones with a server, and the drivers alone, for %s',
    (name) => {
      const isDistant = ({ kind, isMain, database }: StoreDefinition) =>
        (isMain && (SERVERS.has(database) || database === 'redis')) || (kind === 'reference' && SERVERS.has(database));
      expect(storesOf(name)).toEqual(STORES.filter(isDistant));
    },
  );

  it('are the drivers alone for a relay without a delay', () => {
    expect(storesOf('read-0-ms').map(({ id }) => id)).toEqual(['driver-pg', 'driver-mysql2']);
  });

  it('are the main ones on SQL servers for each version of Node', () => {
    expect(storesOf('read-node-22')).toEqual(STORES.filter(({ isMain, database }) => isMain && SERVERS.has(database)));
  });
});

describe('the place of an app', () => {
  const addresses = { redis: {}, folder: '/folder' };
  const scenarioOf = (node?: number) => ({ ...SCENARIOS[0]!, ...(node !== undefined && { node }) });

  it('is near the servers, on the Node of the benchmark', async () => {
    expect(await new Places(addresses).of(findStore('ours-sqlite'), scenarioOf())).toEqual({ addresses });
  });

  it('is on that Node if the scenario names its version, without an installation', async () => {
    const places = new Places(addresses);
    const own = Number(process.versions.node.split('.')[0]);
    expect(await places.of(findStore('ours-sqlite'), scenarioOf(own))).toEqual({ addresses, execPath: process.execPath });
    expect(places.otherNodes).toEqual([]);
  });

  it('is at a distance only if the store has a server', async () => {
    await expect(new Places(addresses).of(findStore('ours-sqlite'), { ...scenarioOf(), roundTrip: 1 })).rejects.toThrow('has no server');
  });
});

describe('the command line', () => {
  it('chooses by name, pattern and group', () => {
    const settings = readSettings(['--stores', 'ours-*-em,memory-store', '--scenarios', 'sizes,hot', '--seconds', '0.5']);
    expect(settings?.stores.map(({ id }) => id)).toEqual([
      'ours-postgresql-em',
      'ours-mariadb-em',
      'ours-mysql-em',
      'ours-sqlite-em',
      'memory-store',
    ]);
    expect(settings?.scenarios.map(({ name }) => name)).toEqual(['hot', 'read-10-kb', 'write-10-kb', 'read-100-kb', 'write-100-kb']);
    expect(settings?.durations.run).toBe(0.5);
  });

  it.each([[['--stores', 'none-such']], [['--scenarios', 'none-such']], [['--rounds', 'x']], [['--rounds', '0']]])(
    'refuses %j',
    (given) => {
      expect(() => readSettings(given)).toThrow(/none-such|positive/);
    },
  );
});

describe('two checkouts', () => {
  it('run each store, one after the other', () => {
    const [own, other] = inBoth([findStore('ours-sqlite')], '/other');
    expect([own!.id, own!.checkout, other!.id, other!.checkout]).toEqual(['ours-sqlite', undefined, 'ours-sqlite@other', '/other']);
  });

  it('are compared within rounds: this one to the other', () => {
    const records = [
      record(1, 'ours-sqlite', 'read', { requestsPerSecond: 100, cpuPerRequest: 50 }),
      record(1, 'ours-sqlite@other', 'read', { requestsPerSecond: 200, cpuPerRequest: 40 }),
      record(2, 'ours-sqlite', 'read', { requestsPerSecond: 30, cpuPerRequest: 10 }),
      record(2, 'ours-sqlite@other', 'read', { requestsPerSecond: 20, cpuPerRequest: 20 }),
      record(1, 'ours-sqlite', 'hot', { requestsPerSecond: 1, cpuPerRequest: 1 }),
    ];
    const [, , read, hot] = compareCheckouts(records).split('\n');
    expect(read).toBe('| ours-sqlite | read | 1.00 (0.50 … 1.50) | 0.88 (0.50 … 1.25) |');
    expect(hot).toBe('| ours-sqlite | hot | – | – |');
  });
});
