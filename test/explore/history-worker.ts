// One process of the random histories: it serves requests that its parent sends, on the database that its arguments name.
import { setTimeout as sleep } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { MikroORM, type AbstractSqlConnection } from '@mikro-orm/sql';
import { SessionGoneError, type DialectName } from '../../src/index.js';
import { DIALECTS } from '../../src/dialects/index.js';
import { DatabaseContext } from '../../src/persistence/database-context.js';
import { defineSessionEntity } from '../../src/persistence/session.entity.js';
import { StatementRunner } from '../../src/persistence/statement-runner.js';
import { connectionOptions } from '../support/databases.js';
import { RACE_VARIANTS, type RaceVariant } from '../support/race-variants.js';
import { serviceOver } from '../support/service-over.js';
import { RULES, operationOf, type OperationName, type Values, type Visit } from './operations.js';

/** A request, and who answers it how. */
export interface RequestMessage {
  readonly n: number;
  readonly sessionId: string;
  readonly operation: OperationName;
  readonly actor: string;
  readonly variant: RaceVariant;
  /** How long the request waits before its load, and its handler takes, in ms. */
  readonly waits: readonly [before: number, handler: number];
}

/** What became of it. */
export interface AnswerMessage {
  readonly n: number;
  readonly kind: 'ok' | 'no session' | 'gone' | 'failed';
  readonly result?: unknown;
  readonly error?: string;
}

const [database, dbName, tableName] = process.argv.slice(2) as [DialectName, string, string];
Logger.overrideLogger(false);
const orm = await MikroORM.init(connectionOptions(database, { dbName, entities: [defineSessionEntity({ tableName })] }));
const runner = new StatementRunner(() => orm.em.getConnection() as AbstractSqlConnection);
const dialect = DIALECTS[database];
await dialect.prepare?.(runner.run);
const context = new DatabaseContext(orm, runner, dialect, tableName, undefined, true, 5000);
const services = Object.entries(RACE_VARIANTS).map(([name, { repository, locking }]) => {
  return [name, serviceOver(new repository(context), { merge: RULES, locking }).sessions] as const;
});

process.on('message', (message: RequestMessage) => void answer(message));
process.on('disconnect', () => process.exit());
process.send?.('ready');

async function answer(message: RequestMessage): Promise<void> {
  const reply: AnswerMessage = await serve(message).catch((error: unknown) => ({
    n: message.n,
    kind: error instanceof SessionGoneError ? 'gone' : 'failed',
    error: String(error),
  }));
  process.send?.(reply);
}

async function serve({ n, sessionId, operation, actor, variant, waits: [before, handler] }: RequestMessage): Promise<AnswerMessage> {
  const sessions = new Map(services).get(variant)!;
  await sleep(before);
  const live = (await sessions.load(sessionId)) as Values | undefined;
  if (!live) return { n, kind: 'no session' };
  await sleep(handler);
  const create = () => Object.defineProperty({}, 'id', { value: `${sessionId} of ${actor}` });
  const pause = () => sleep(0, undefined);
  const work: Visit['work'] = async (_value, draft, change) => (await sleep(handler), change(draft));
  return {
    n,
    kind: 'ok',
    result: await operationOf(operation).run({
      sessions,
      sessionId,
      live,
      create,
      actor,
      pause,
      work,
      transactional: notHere,
      order: notHere,
    }),
  };
}

function notHere(): never {
  throw new Error('The random histories have no rows of the app.');
}
