import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { SpanKind, SpanStatusCode, context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { DataPointType, MeterProvider, MetricReader, type MetricData } from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider, type ReadableSpan } from '@opentelemetry/sdk-trace';
import type { NextFunction, Request, Response } from 'express';
import { SqlSessionRepository, type StoredRecord } from '../../src/index.js';
import { INSTRUMENTS } from '../../src/telemetry/instruments.js';
import { Browser } from '../support/browser.js';
import { DATABASES } from '../support/databases.js';
import { Gathering, GatheringModule } from '../support/gathering.js';
import { SessionsApp, sessionIdOf } from '../support/sessions-app.js';

class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

const exporter = new InMemorySpanExporter();
const reader = new Reader();
const tracer = trace.getTracer('test');

/** As an instrumentation of the database does it: a span for each statement. */
class TracedRepository extends SqlSessionRepository {
  override load(key: string): Promise<StoredRecord | undefined> {
    return traced('select one', () => super.load(key));
  }
  override loadMany(keys: readonly string[]): Promise<ReadonlyMap<string, StoredRecord>> {
    return traced('select many', () => super.loadMany(keys));
  }
}

function traced<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
  return tracer.startActiveSpan(name, (span) => work().finally(() => span.end()));
}

/** As an instrumentation of HTTP does it: a span around each request. */
function traceRequest(_request: Request, response: Response, next: NextFunction): void {
  tracer.startActiveSpan('request', { kind: SpanKind.SERVER }, (span) => {
    response.once('finish', () => span.end());
    next();
  });
}

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] }));
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
});
afterAll(() => {
  for (const api of [context, trace, metrics]) api.disable();
});

describe.each(DATABASES)('telemetry on %s', (database) => {
  const events = new EventEmitter();
  let app: SessionsApp;

  beforeAll(async () => {
    const options = { tableName: `telemetry_${database}`, repository: TracedRepository, telemetry: true, events, userId: 'user' };
    app = await SessionsApp.start(database, options, { imports: [GatheringModule], prepare: (nest) => void nest.use(traceRequest) });
  });
  beforeEach(() => exporter.reset());
  afterAll(() => app.close());

  const spans = (name: string) => exporter.getFinishedSpans().filter((span) => span.name === name);
  const parentOf = ({ parentSpanContext }: ReadableSpan) => parentSpanContext?.spanId;
  const idOf = (span: ReadableSpan) => span.spanContext().spanId;

  it('counts and times what happens', async () => {
    const [begun, before] = [performance.now(), await counts()];
    let created = 0;
    events.on('session.created', () => created++);
    const browser = await app.browser();
    await browser.get('/session');
    const tabs = Array.from({ length: 4 }, () => Object.assign(new Browser(app.app), { cookie: browser.cookie }));
    await (await Gathering.of(tabs.map((tab, i) => [tab, { [`key${i}`]: 1 }] as const))).go();
    const { cookie } = browser;
    await browser.delete('/session');
    // The logout has cleared it.
    await Object.assign(browser, { cookie }).get('/session');
    await (await app.browser()).post('/login');
    await app.age(2 * 24 * 60 * 60 * 1000);
    await app.sessions.prune();
    const told = Object.fromEntries(Object.entries(await counts()).map(([name, count]) => [name, count - (before[name] ?? 0)]));
    expect(told).toMatchObject({
      'smart_session.load.duration found': 7,
      'smart_session.load.duration absent': 1,
      'smart_session.commit.duration committed': 7,
      'smart_session.commit.merges': 3,
      'smart_session.created': 3,
      'smart_session.destroyed logout': 1,
      'smart_session.destroyed replaced': 1,
      'smart_session.expired': 1,
    });
    expect(told['smart_session.load.duration found, in s']).toBeGreaterThan(0);
    expect(told['smart_session.load.duration found, in s']).toBeLessThan((performance.now() - begun) / 1000);
    // What is told by events too is told the same.
    expect(created).toBe(3);
    // Whoever joins another goes out with it.
    expect(told['smart_session.batch.size commit']! + (told['smart_session.batched commit'] ?? 0)).toBe(7);
  });

  it('puts loads and commits into the trace of their request, and statements into theirs', async () => {
    const browser = await app.browser();
    exporter.reset();
    await browser.post('/set', { b: 1 });
    const [[request], [load], [commit], [statement]] = [
      spans('request'),
      spans('smart_session.load'),
      spans('smart_session.commit'),
      spans('select one'),
    ];
    expect([parentOf(load!), parentOf(commit!), parentOf(statement!)]).toEqual([idOf(request!), idOf(request!), idOf(load!)]);
    expect([load!.attributes, commit!.attributes]).toEqual([
      { 'smart_session.outcome': 'found' },
      { 'smart_session.outcome': 'committed' },
    ]);
  });

  it('links what joins to the request in whose trace it was done', async () => {
    const ids = [await app.browser(), await app.browser(), await app.browser()].map(sessionIdOf);
    exporter.reset();
    await Promise.all(ids.map((id) => traced('request', () => app.sessions.load(id))));
    // The first leaves at once. The others wait meanwhile, and leave together. Which statement is answered first does not matter.
    const loads = spans('smart_session.load');
    const one = loads.find((load) => idOf(load) === parentOf(spans('select one')[0]!));
    const [first, other] = loads.filter((load) => load !== one);
    expect([parentOf(spans('select one')[0]!), parentOf(spans('select many')[0]!)]).toEqual([idOf(one!), idOf(first!)]);
    expect([one!, first!, other!].map(({ links }) => links.map((link) => link.context.spanId))).toEqual([[], [], [idOf(first!)]]);
    expect([first!, other!].map(({ attributes }) => attributes['smart_session.batched'])).toEqual([undefined, true]);
  });

  it('marks what failed, and says no more of it than its name', async () => {
    const browser = await app.browser();
    await app.run("update {table} set data = 'sealed.1.00112233.'");
    exporter.reset();
    expect((await browser.get('/session')).status).toBe(500);
    const [load] = spans('smart_session.load');
    expect([load!.attributes, load!.status, load!.events]).toEqual([
      { 'smart_session.outcome': 'failed', 'error.type': 'SessionDecryptionError' },
      { code: SpanStatusCode.ERROR },
      [],
    ]);
    await app.clear();
  });
});

it('is off by default', async () => {
  const app = await SessionsApp.start('sqlite', { tableName: 'telemetry_off' });
  exporter.reset();
  const before = await counts();
  await app.browser();
  await app.close();
  expect([exporter.getFinishedSpans(), await counts()]).toEqual([[], before]);
});

describe('docs/observability.md', () => {
  const page = readFileSync('docs/observability.md', 'utf8');
  const rows = [...page.matchAll(/^\| `(smart_session\.[\w.]+)` \| (\w+) \| (\S+) \| (.*?) \|/gm)].map(
    ([, name, kind, unit, attributes]) => ({ name: name!, kind, unit, attributes: attributes! }),
  );

  it('lists each metric', () => {
    const all = Object.values(INSTRUMENTS).map((instrument) => ({
      name: instrument.name,
      kind: 'boundaries' in instrument ? 'histogram' : 'counter',
      unit: instrument.unit,
    }));
    expect(rows.map(({ name, kind, unit }) => ({ name, kind, unit }))).toEqual(all);
  });

  it('lists the attributes and the values that they have had here', async () => {
    const found = (await read()).filter(({ descriptor }) => descriptor.name.startsWith('smart_session.'));
    expect(found.length).toBeGreaterThan(7);
    for (const { descriptor, dataPoints } of found) {
      const { attributes } = rows.find(({ name }) => name === descriptor.name)!;
      const seen = dataPoints
        .flatMap((point) => Object.entries(point.attributes))
        .flatMap(([key, value]) => (key === 'error.type' ? [key] : [key, String(value)]));
      for (const each of seen) expect(attributes).toContain(`\`${each}\``);
    }
  });
});

async function read(): Promise<readonly MetricData[]> {
  const { resourceMetrics } = await reader.collect();
  return resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics);
}

/** How often each metric was counted or measured, by its name and its first attribute's value; and the sums of what was measured. */
async function counts(): Promise<Record<string, number>> {
  const entries = (await read()).flatMap(({ descriptor, dataPointType, dataPoints }) =>
    dataPoints.flatMap(({ attributes, value }) => {
      const name = [descriptor.name, ...Object.values(attributes).slice(0, 1)].join(' ');
      if (dataPointType !== DataPointType.HISTOGRAM) return [[name, Number(value)]];
      const { count, sum } = value as { count: number; sum: number };
      return [
        [name, count],
        [`${name}, in ${descriptor.unit}`, sum],
      ];
    }),
  );
  return Object.fromEntries(entries) as Record<string, number>;
}
