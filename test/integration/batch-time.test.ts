import { randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { SessionMergeError, SessionUnavailableError, type SessionService } from '../../src/index.js';
import { Deadline } from '../../src/batching/deadline.js';
import { DATABASES } from '../support/databases.js';
import { FaultyRepository, type Fault } from '../support/faulty-repository.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';

type Live = Record<string, any>;

/** In ms: longer than a batch may take. */
const LONG = 35;

function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** Counts the turns of the event loop. */
class Turns {
  count = 0;
  #isOn = true;

  constructor() {
    this.#next();
  }
  #next(): void {
    setImmediate(() => {
      this.count++;
      if (this.#isOn) this.#next();
    });
  }
  end(): void {
    this.#isOn = false;
  }
}

describe.each(DATABASES)('edits of one session that take long, on %s', (databaseName) => {
  let database: SessionsDatabase;
  let repository: FaultyRepository;
  let sessions: SessionService;
  let turns: Turns;
  /** The turns in which the rule ran. */
  let ran: number[];

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await SessionsDatabase.open(databaseName, `batch_time_${databaseName}`);
  });
  beforeEach(() => {
    repository = new FaultyRepository(database.context);
    turns = new Turns();
    ran = [];
    const log = ({ base = [], theirs = [], mine = [] }: { base?: string[]; theirs?: string[]; mine?: string[] }) => {
      spin(LONG);
      ran.push(turns.count);
      const [own] = mine.slice(base.length);
      if (own === 'broken') throw new Error('no way.');
      return [...theirs, own!];
    };
    sessions = serviceOver(repository, { merge: { log } as never }).sessions;
  });
  afterEach(() => turns.end());
  afterAll(() => database.close());

  /** Several requests that have loaded one session add a line each, at once. */
  async function commitAtOnce(...lines: string[]): Promise<[outcomes: PromiseSettledResult<void>[], stored: string[]]> {
    const id = randomUUID();
    await sessions.commit(Object.assign(Object.defineProperty({}, 'id', { value: id }), { log: [] }));
    const loaded = await Promise.all(lines.map(() => sessions.load(id) as Promise<Live>));
    const outcomes = await Promise.allSettled(loaded.map((session, n) => sessions.commit(Object.assign(session, { log: [lines[n]!] }))));
    return [outcomes, ((await sessions.load(id)) as Live).log];
  }

  it('let other work run in between, and keep their order', async () => {
    const [outcomes, stored] = await commitAtOnce('a', 'b', 'c', 'd');
    expect(outcomes.map(({ status }) => status)).toEqual(Array(4).fill('fulfilled'));
    expect(stored).toEqual(['a', 'b', 'c', 'd']);
    expect(ran).toHaveLength(3);
    expect(new Set(ran).size).toBe(3);
  });

  it('are refused each for itself', async () => {
    const [outcomes, stored] = await commitAtOnce('a', 'b', 'broken', 'd');
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
    expect(outcomes[2]).toMatchObject({ reason: expect.any(SessionMergeError) });
    expect(stored).toEqual(['a', 'b', 'd']);
  });

  // How an outcome becomes unknown differs between databases, and not what a batch does then.
  if (databaseName !== DATABASES[0]) return;
  it.each<[string, Fault]>([
    ['meet a conflict', { kind: 'rolled-back', effect: 'none' }],
    ['lose the connection after the write', { kind: 'unknown', effect: 'done' }],
    ['lose the connection before the write', { kind: 'unknown', effect: 'none' }],
  ])('take effect once when they %s', async (_name, fault) => {
    repository.faults.update = [undefined, fault, undefined, fault];
    const [outcomes, stored] = await commitAtOnce('a', 'b', 'c', 'd');
    expect(outcomes.map(({ status }) => status)).toEqual(Array(4).fill('fulfilled'));
    expect(stored).toEqual(['a', 'b', 'c', 'd']);
  });
});

describe('a deadline', () => {
  it('has passed by the clock before its timer can fire', () => {
    const deadline = new Deadline('commit', 5);
    deadline.throwIfPassed();
    spin(6);
    expect(() => deadline.throwIfPassed()).toThrow(SessionUnavailableError);
    expect(deadline.reason).toBeInstanceOf(SessionUnavailableError);
  });
});

describe.each(DATABASES)('large sessions, on %s', (databaseName) => {
  it('are each read in a turn of the event loop of their own, when all are', async () => {
    const database = await SessionsDatabase.open(databaseName, `large_sessions_${databaseName}`);
    const { sessions } = serviceOver(new FaultyRepository(database.context));
    const create = (values: object) => sessions.commit(Object.assign(Object.defineProperty({}, 'id', { value: randomUUID() }), values));
    const turns = new Turns();
    const parsed: number[] = [];
    const { parse } = JSON;
    try {
      // A long value would be parsed when it is read.
      const short = Object.fromEntries(Array.from({ length: 80 }, (_, n) => [`text${n}`, 'x'.repeat(900)]));
      for (let n = 0; n < 3; n++) await create({ n, ...short });
      JSON.parse = (...parameters) => {
        if (parameters[0].length > 64 * 1024) parsed.push(turns.count);
        return parse(...parameters);
      };
      const all = Object.values(await sessions.all()) as Live[];
      expect(all.map(({ n }) => n).toSorted()).toEqual([0, 1, 2]);
    } finally {
      JSON.parse = parse;
      turns.end();
      await database.close();
    }
    expect([parsed.length, new Set(parsed).size]).toEqual([3, 3]);
  });
});
