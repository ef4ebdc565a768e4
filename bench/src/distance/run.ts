import { AppProcess } from '../load/app-process.js';
import { Distance } from '../relay/distance.js';
import type { Addresses, SqlServer } from '../servers/addresses.js';
import { measure, type Cost } from './measure.js';
import { OPERATIONS } from './operations.js';
import { storesOf, type DistantDatabase } from './plan.js';
import { measurePrecision, type Precision } from './precision.js';

/** The cost of an operation of a store at a distance. */
export interface DistanceRecord extends Cost {
  readonly store: string;
  /** In ms. */
  readonly roundTrip: number;
  readonly operation: string;
}

/** The results at one distance to one database. */
export interface DistanceResults {
  readonly database: DistantDatabase;
  readonly roundTrip: number;
  readonly precision: Precision;
  readonly records: readonly DistanceRecord[];
}

/**
 * Measures all operations of the stores of a database at a distance. For each operation the stores take turns.
 *
 * @param requests for each operation of each store
 */
export async function measureAt(
  database: DistantDatabase,
  roundTrip: number,
  addresses: Addresses,
  requests: number,
): Promise<DistanceResults> {
  const server = addresses[database]!;
  const distance = await Distance.open(server, roundTrip);
  const far: SqlServer = { ...server, host: distance.host, port: distance.port };
  const apps: { readonly store: string; readonly isOurs: boolean; readonly app: AppProcess }[] = [];
  try {
    const precision = await measurePrecision(database, far);
    for (const { id, kind } of storesOf(database)) {
      const app = await AppProcess.start({ storeId: id, addresses: { ...addresses, [database]: far } });
      apps.push({ store: id, isOurs: kind === 'ours', app });
    }
    const records: DistanceRecord[] = [];
    for (const operation of OPERATIONS) {
      for (const { store, isOurs, app } of apps) {
        if (operation.isOurs && !isOurs) continue;
        records.push({ store, roundTrip, operation: operation.name, ...(await measure(app.origin, distance, operation, requests)) });
      }
    }
    return { database, roundTrip, precision, records };
  } finally {
    await Promise.all(apps.map(({ app }) => app.stop()));
    await distance.close();
  }
}
