import type { Counter, Histogram, Meter } from '@opentelemetry/api';

interface Instrument {
  readonly name: string;
  readonly unit: string;
  readonly description: string;
  /** The upper bounds of a histogram's buckets. */
  readonly boundaries?: readonly number[];
}

/** In seconds, as OpenTelemetry's semantic conventions advise for db.client.operation.duration. */
const DURATIONS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

/** A statement takes at most 100. */
const SIZES = [1, 2, 5, 10, 20, 50, 100];

/** All metrics, as docs/observability.md lists them. */
export const INSTRUMENTS = {
  loadDuration: { name: 'smart_session.load.duration', unit: 's', description: 'Loads of sessions', boundaries: DURATIONS },
  commitDuration: { name: 'smart_session.commit.duration', unit: 's', description: 'Commits of sessions', boundaries: DURATIONS },
  merges: { name: 'smart_session.commit.merges', unit: '{merge}', description: 'Commits that were merged into what others had changed' },
  conflicts: { name: 'smart_session.commit.conflicts', unit: '{conflict}', description: 'Attempts of commits that met another writer' },
  retries: { name: 'smart_session.commit.retries', unit: '{retry}', description: 'Attempts of commits after the first' },
  batchSize: { name: 'smart_session.batch.size', unit: '{request}', description: 'How many requests went out together', boundaries: SIZES },
  batched: { name: 'smart_session.batched', unit: '{request}', description: 'Requests that shared a statement with another' },
  created: { name: 'smart_session.created', unit: '{session}', description: 'Sessions stored for the first time' },
  destroyed: { name: 'smart_session.destroyed', unit: '{session}', description: 'Sessions destroyed' },
  expired: { name: 'smart_session.expired', unit: '{session}', description: 'Records deleted of sessions that had expired' },
} as const satisfies Record<string, Instrument>;

type Instruments = {
  readonly [Name in keyof typeof INSTRUMENTS]: (typeof INSTRUMENTS)[Name] extends { boundaries: readonly number[] } ? Histogram : Counter;
};

/** Makes the instruments. */
export function createInstruments(meter: Meter): Instruments {
  const create = ({ name, unit, description, boundaries }: Instrument) =>
    boundaries
      ? meter.createHistogram(name, { unit, description, advice: { explicitBucketBoundaries: [...boundaries] } })
      : meter.createCounter(name, { unit, description });
  return Object.fromEntries(Object.entries(INSTRUMENTS).map(([key, instrument]) => [key, create(instrument)])) as unknown as Instruments;
}
