import 'reflect-metadata';
import { promisify } from 'node:util';
import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { context, metrics, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { NoopSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import {
  SessionBoardModule,
  SessionService,
  SmartSessionStore,
  SmartSessionTestingModule,
  type SmartSessionTestingOptions,
} from 'nestjs-smart-session';

/** Measures the cost of observers: a load and a commit of one session of 1 KB, in this process, on SQLite in memory. */
const VARIANTS: Record<string, SmartSessionTestingOptions & { readonly hasBoard?: true }> = {
  off: {},
  'off again': {},
  events: { events: { emit() {} } },
  telemetry: { telemetry: true },
  detector: { detectOverwrites: true },
  board: { hasBoard: true },
  'board and detector': { hasBoard: true, detectOverwrites: true },
};
const ROUNDS = 150;
const REQUESTS = 200;
const SESSION_ID = 'x'.repeat(32);

/** A reader that collects only on demand. Nothing demands it here. */
class IdleReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

@Module({})
class Root {}

interface Variant {
  readonly name: string;
  readonly sessions: SessionService;
  /** In µs of CPU time per request, one value for each round. */
  readonly costs: number[];
}

async function open([name, { hasBoard, ...options }]: [string, (typeof VARIANTS)[string]]): Promise<Variant> {
  const sessionModule = SmartSessionTestingModule.forRoot({ detectOverwrites: false, ...options });
  const app = await NestFactory.createApplicationContext(
    { module: Root, imports: [sessionModule, ...(hasBoard ? [SessionBoardModule.forRoot()] : [])] },
    { logger: false },
  );
  const sessions = app.get(SessionService);
  const store = app.get(SmartSessionStore);
  await promisify(store.set.bind(store))(SESSION_ID, { text: 'x'.repeat(1000) } as never);
  return { name, sessions, costs: [] };
}

async function run({ sessions, costs }: Variant): Promise<void> {
  const before = process.cpuUsage();
  for (let n = 0; n < REQUESTS; n++) {
    const session = await sessions.load(SESSION_ID);
    await sessions.commit(Object.assign(session!, { n }));
  }
  const { user, system } = process.cpuUsage(before);
  costs.push((user + system) / REQUESTS);
}

function startSdk(): void {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [new NoopSpanProcessor()] }));
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [new IdleReader()] }));
}

const hasSdk = process.argv.includes('--sdk');
if (hasSdk) startSdk();
const variants = await Promise.all(Object.entries(VARIANTS).map(open));
for (let round = 0; round < ROUNDS; round++) for (const variant of variants.toSorted(() => Math.random() - 0.5)) await run(variant);
for (const { name, costs } of variants) {
  const late = costs.slice(ROUNDS / 5).toSorted((one, other) => one - other);
  process.stdout.write(`${name.padEnd(18)} ${late[Math.floor(late.length / 2)]!.toFixed(1)} µs${hasSdk ? ', the SDK recording' : ''}\n`);
}
process.exit();
