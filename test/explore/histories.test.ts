import { fork, type ChildProcess } from 'node:child_process';
import { randomInt, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { SqlSessionRepository, type SessionService } from '../../src/index.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { CONNECTIONS, DATABASES } from '../support/databases.js';
import { CONTROL, RACE_VARIANTS, type RaceVariant } from '../support/race-variants.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';
import { randomOf } from '../../packages/session-race/src/shared/random.js';
import type { AnswerMessage, RequestMessage } from './history-worker.js';
import { INITIAL, OPERATION_NAMES, operationOf } from './operations.js';
import { isExplained, type Served } from './serial-orders.js';

const PROCESSES = 3;
/** Histories of each database. */
const HISTORIES = Number(process.env.HISTORIES ?? 100);
/** Histories under way at once. */
const AT_ONCE = 8;
/** A failing run prints it; what the requests are follows from it, and their order in time does not. */
const SEED = Number(process.env.SEED ?? randomInt(2 ** 31));

const VARIANTS = (Object.keys(RACE_VARIANTS) as RaceVariant[]).filter((name) => name !== CONTROL);

/** A process that serves requests. */
class Worker {
  readonly #answers = new Map<number, (answer: AnswerMessage) => void>();
  #sent = 0;

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (answer: AnswerMessage) => this.#answers.get(answer.n)?.(answer));
  }

  static async start(...parameters: string[]): Promise<Worker> {
    const child = fork('build/test/explore/history-worker.js', parameters, { stdio: 'inherit', execArgv: [] });
    await once(child, 'message');
    return new Worker(child);
  }

  serve(request: Omit<RequestMessage, 'n'>): Promise<AnswerMessage> {
    const n = this.#sent++;
    return new Promise((resolve) => {
      this.#answers.set(n, (answer) => (this.#answers.delete(n), resolve(answer)));
      this.child.send({ ...request, n });
    });
  }

  async stop(): Promise<void> {
    this.child.disconnect();
    await once(this.child, 'exit');
  }
}

describe.each(DATABASES)(`random histories in ${PROCESSES} processes on %s`, (databaseName) => {
  const directory = mkdtempSync(join(tmpdir(), 'histories-'));
  const tableName = `histories_${databaseName}`;
  const dbName = databaseName === 'sqlite' ? join(directory, 'histories.sqlite') : CONNECTIONS[databaseName].dbName;
  let database: SessionsDatabase;
  let sessions: SessionService;
  let workers: Worker[] = [];

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await SessionsDatabase.open(databaseName, tableName, { dbName });
    sessions = serviceOver(new SqlSessionRepository(database.context)).sessions;
    workers = await Promise.all(Array.from({ length: PROCESSES }, () => Worker.start(databaseName, dbName, tableName)));
  }, 60_000);
  afterAll(async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
    await database.close();
    rmSync(directory, { recursive: true });
  });

  const stored = async (id: string) => {
    const record = await new SqlSessionRepository(database.context).load(storageKeyOf(id));
    return record && { values: JSON.parse(record.data) as Record<string, unknown>, version: record.version };
  };

  /** Runs one history by a seed; says what is wrong with it. */
  async function run(seed: number, variants: readonly RaceVariant[]): Promise<string | undefined> {
    const random = randomOf(seed);
    const pick = <Item>(items: readonly Item[]) => items[Math.floor(random() * items.length)]!;
    const sessionId = randomUUID();
    await sessions.commit(Object.assign(Object.defineProperty({}, 'id', { value: sessionId }), INITIAL));
    const requests = Array.from({ length: 2 + Math.floor(random() * 3) }, (_, n) => ({
      worker: Math.floor(random() * PROCESSES),
      sessionId,
      actor: 'ABCD'[n]!,
      operation: pick(OPERATION_NAMES),
      variant: pick(variants),
      waits: [random() * 4, random() * 4] as const,
    }));
    const served: Served[] = await Promise.all(
      requests.map(async ({ worker, ...request }) => {
        return { ...request, service: `${worker} ${request.variant}`, answer: await workers[worker]!.serve(request) };
      }),
    );
    const final = await stored(sessionId);
    if (!isExplained(served, final)) return `${JSON.stringify(served, undefined, 1)}\ncannot have given ${JSON.stringify(final)}`;
    for (const { actor, operation, answer } of served) {
      if (operation !== 'regenerate' || answer.kind !== 'ok') continue;
      const own = await stored(`${sessionId} of ${actor}`);
      if (own?.values.regenerated !== actor || Object.keys(own.values).length > 1)
        return `${actor} found ${JSON.stringify(own)} under its new id`;
    }
    return undefined;
  }

  /** Runs so many histories; says what is wrong with the first that is. */
  async function runAll(count: number, variants: readonly RaceVariant[]): Promise<string | undefined> {
    let wrong: string | undefined;
    let next = 0;
    const line = async () => {
      while (next < count && wrong === undefined) {
        const seed = SEED + next++;
        const found = await run(seed, variants);
        if (found !== undefined) wrong ??= `SEED=${seed} HISTORIES=1\n${found}`;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, line));
    return wrong;
  }

  it('each explained by some order of its commits, both repositories and both ways of locking on one table', async () => {
    expect(await runAll(HISTORIES, VARIANTS)).toBeUndefined();
    process.stdout.write(`${databaseName}: ${HISTORIES} random histories, SEED=${SEED}.\n`);
  }, 3_600_000);

  it('and a store that overwrites is seen', async () => {
    expect(await runAll(HISTORIES, [CONTROL])).toContain('cannot have given');
  }, 3_600_000);
});

describe('an explanation', () => {
  const one = (operation: Served['operation'], kind: 'ok' | 'gone' | 'no session' | 'failed', result?: unknown, actor = 'A'): Served => ({
    actor,
    operation,
    answer: { n: 0, kind, result },
  });
  const after = (...operations: [Served['operation'], string][]) =>
    operations.reduce((values, [operation, actor]) => operationOf(operation).effect!(values, actor), INITIAL);

  it('is one order of all commits, with every answer', () => {
    const both = [one('set', 'ok', undefined, 'A'), one('set', 'ok', undefined, 'B')];
    expect(isExplained(both, { values: after(['set', 'A'], ['set', 'B']), version: 2 })).toBe(true);
    expect(isExplained(both, { values: after(['set', 'B'], ['set', 'A']), version: 2 })).toBe(true);
    expect(isExplained(both, { values: after(['set', 'B']), version: 2 })).toBe(false);
    expect(isExplained(both, { values: after(['set', 'A'], ['set', 'B']), version: 3 })).toBe(false);
    expect(isExplained(both, undefined)).toBe(false);
    const joined = both.map((request) => ({ ...request, service: 'one' }));
    expect(isExplained(joined, { values: after(['set', 'A'], ['set', 'B']), version: 1 })).toBe(true);
    expect(isExplained(both, { values: after(['set', 'A'], ['set', 'B']), version: 1 })).toBe(false);
    expect(isExplained(joined, { values: after(['set', 'A'], ['set', 'B']), version: 0 })).toBe(false);
    const beside = [...both, { ...one('touch', 'ok', undefined, 'C'), service: 'A' }];
    expect(isExplained(beside, { values: after(['set', 'A'], ['set', 'B']), version: 1 })).toBe(false);
    expect(isExplained([one('counter', 'ok'), one('counter', 'ok', undefined, 'B')], { values: after(['counter', 'A']), version: 2 })).toBe(
      false,
    );
    expect(isExplained([one('set', 'failed')], { values: after(['set', 'A']), version: 1 })).toBe(false);
  });

  it('drops what came after the end, and nothing else', () => {
    expect(isExplained([one('destroy', 'ok'), one('update', 'gone', undefined, 'B')], undefined)).toBe(true);
    expect(isExplained([one('destroy', 'ok'), one('update', 'ok', 1, 'B')], undefined)).toBe(true);
    expect(isExplained([one('destroy', 'ok'), one('update', 'ok', 2, 'B')], undefined)).toBe(false);
    expect(isExplained([one('update', 'gone')], { values: INITIAL, version: 0 })).toBe(false);
    expect(isExplained([one('destroy', 'ok')], { values: INITIAL, version: 0 })).toBe(false);
    expect(isExplained([one('touch', 'no session')], { values: INITIAL, version: 0 })).toBe(false);
  });
});
