import { distanceChart } from '../../bench/src/distance/chart.js';
import { OPERATIONS } from '../../bench/src/distance/operations.js';
import { storesOf } from '../../bench/src/distance/plan.js';
import { distanceMarkdown, type DistanceReport } from '../../bench/src/distance/report.js';

/** Costs that tell their store, operation and distance. */
const resultsAt = (roundTrip: number): DistanceReport['results'][number] => ({
  database: 'mariadb',
  roundTrip,
  precision: { p50: roundTrip + 0.25, p99: roundTrip + 1 },
  records: storesOf('mariadb').flatMap(({ id, kind }, store) =>
    OPERATIONS.filter(({ isOurs }) => kind === 'ours' || !isOurs).map(({ name }, n) => {
      return {
        store: id,
        roundTrip,
        operation: name,
        roundTrips: n + store,
        p50: (n + store) * roundTrip,
        p99: (n + store) * roundTrip + 1,
      };
    }),
  ),
});

const REPORT: DistanceReport = {
  date: '2026-01-02T03:04:05Z',
  machine: { cpu: 'a CPU', cores: 2, memoryGiB: 1, system: 'Linux', node: 'v1', databases: { mariadb: 'MariaDB 1' }, packages: {} },
  requests: 10,
  clients: 4,
  results: [1, 20].map(resultsAt),
};

describe('the report of distances', () => {
  const lines = distanceMarkdown(REPORT).split('\n');
  const rowsAfter = (heading: string) => lines.slice(lines.indexOf(heading) + 2).filter((line) => line.startsWith('|'));

  it('has the precision of each distance', () => {
    expect(lines).toContain('| 20 ms | 20.3 / 21.0 |');
  });

  it('has the round trips of each operation of each store', () => {
    const rows = rowsAfter('### MariaDB: round trips').slice(0, OPERATIONS.length + 2);
    expect(rows[0]).toBe('| operation | default | pessimistic | entity manager | express-mysql-session |');
    expect(rows[2]).toBe('| read | 0 | 1 | 2 | 3 |');
    expect(rows[5]).toBe('| update() | 3 | 4 | 5 | – |');
    expect(rows).toHaveLength(OPERATIONS.length + 2);
  });

  it('has the latencies at each distance', () => {
    expect(rowsAfter('## MariaDB, 1 ms: p50 / p99 in ms')[2]).toBe('| read | 0.0 / 1.0 | 1.0 / 2.0 | 2.0 / 3.0 | 3.0 / 4.0 |');
    expect(rowsAfter('## MariaDB, 20 ms: p50 / p99 in ms')[4]).toBe('| write | 40.0 / 41.0 | 60.0 / 61.0 | 80.0 / 81.0 | 100.0 / 101.0 |');
  });

  it('draws the longest distance', () => {
    const chart = distanceChart(REPORT);
    expect(chart).toContain('20 ms from the database');
    for (const { name } of OPERATIONS) expect(chart).toContain(`>${name}<`);
  });
});
