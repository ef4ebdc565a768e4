import { randomUUID } from 'node:crypto';
import { DriverException } from '@mikro-orm/core';
import { Logger } from '@nestjs/common';
import { SqlSessionRepository, counter, type SessionService, type SmartSessionModuleOptions } from '../../src/index.js';
import { Backoff } from '../../src/batching/backoff.js';
import { DATABASES } from '../support/databases.js';
import { DRIVER_FAILURES, type DriverFailure } from '../support/driver-errors.js';
import { FaultyRunner } from '../support/faulty-runner.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';
import { protocolOf } from '../support/protocol-of.js';

type Live = Record<string, any>;

class NoBackoff extends Backoff {
  override async wait(): Promise<void> {}
}

/** What became of each step. */
type Outcomes = Record<string, 'done' | 'unknown' | 'refused'>;

const LONG = process.env.FUZZ === 'long';
const SEED = Number(process.env.SEED ?? Math.floor(Math.random() * 2 ** 31));
/** Runs of the short form, for each way of locking. */
const SHORT = 12;

/** Numbers that look random, always the same for one seed (mulberry32). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const LOCKINGS = ['optimistic', 'pessimistic'] as const;

describe.each(DATABASES.flatMap((databaseName) => LOCKINGS.map((locking) => ({ databaseName, locking }))))(
  'errors of the driver, injected at each statement, on $databaseName, $locking',
  ({ databaseName, locking }) => {
    const options: SmartSessionModuleOptions = { locking, userId: 'user', merge: { n: counter() } as never };
    const random = randomFrom(SEED);
    let database: SessionsDatabase;
    let plain: SessionService;

    beforeAll(async () => {
      Logger.overrideLogger(false);
      database = await SessionsDatabase.open(databaseName, `driver_errors_${locking}`);
      plain = serviceOver(new SqlSessionRepository(database.context), options).sessions;
    });
    afterAll(() => database.close());

    const fresh = (id: string, user: string) => Object.assign(Object.defineProperty({}, 'id', { value: id }), { n: 0, user });

    /** A life of sessions, with one fault in it. */
    async function live(at: number, failed?: DriverFailure, isDone = false) {
      const [first, a, b, c] = Array.from({ length: 4 }, () => randomUUID()) as [string, string, string, string];
      const user = `u${first}`;
      for (const id of [a, b, c]) await plain.commit(fresh(id, user));
      const runner = new FaultyRunner(database.context.runner);
      const repository = new SqlSessionRepository(Object.assign(Object.create(database.context), { runner }) as typeof database.context);
      const { sessions, locker } = serviceOver(repository, options, new NoBackoff());
      let theirs = 0;
      const meanwhile = async () => {
        await plain
          .update(b, (draft: Live) => void (draft.n += 10))
          .then(
            () => (theirs += 10),
            () => undefined,
          );
      };
      runner.at = at;
      if (failed) {
        const error = [failed.error, new DriverException(failed.error)][random(2)];
        runner.fault = { error, isDone, isLost: failed.kind === 'unknown' || failed.kind === 'not-done', meanwhile };
      }
      const outcomes: Outcomes = {};
      const step = async (name: string, work: () => Promise<unknown>) => {
        try {
          const result = await work();
          outcomes[name] = 'done';
          return result;
        } catch (error) {
          outcomes[name] = /unknown/.test(String(error)) ? 'unknown' : 'refused';
          return undefined;
        }
      };
      const loaded = new Map<string, Live>();
      const load = async (id: string) => {
        const session = (await sessions.load(id)) as Live;
        if (!session) throw new Error('There is no session.');
        loaded.set(id, session);
      };
      await step('first', async () => sessions.commit(fresh(first, user)));
      await Promise.all([a, b, c].map((id, n) => step(`load ${n}`, () => load(id))));
      // One goes at once, two are joined.
      await Promise.all(
        [a, b, c].map((id, n) =>
          step(`commit ${n}`, async () => {
            const session = loaded.get(id);
            if (!session) return;
            session.n++;
            await sessions.commit(session);
          }),
        ),
      );
      await step('touch', async () => protocolOf(sessions).toucher.touch(a, { cookie: { originalMaxAge: null } }));
      await step('lock', async () => {
        const unlock = await locker.lock((await sessions.load(c)) as object, { timeout: 1000, lease: 10_000, maxWaiting: 1 });
        await unlock?.();
      });
      const listed = (await step('list', () => sessions.list({ userId: user }))) as readonly unknown[] | undefined;
      await step('destroy', () => sessions.destroy(c));
      const stored = await Promise.all([first, a, b, c].map((id) => plain.load(id) as Promise<Live | undefined>));
      await plain.destroyAll({ userId: user });
      return { outcomes, stored, listed, theirs, statements: runner.statements };
    }

    /** What must hold, whatever went wrong. */
    function check({ outcomes, stored, listed, theirs }: Awaited<ReturnType<typeof live>>, failed?: DriverFailure): void {
      const [first, a, b, c] = stored;
      const counts = [a!.n, b!.n - theirs];
      for (const [n, count] of counts.entries()) {
        const tried = outcomes[`load ${n}`] === 'done';
        const outcome = outcomes[`commit ${n}`];
        // Applied once if it was acknowledged, at most once if it is not known, and not at all if it was refused.
        expect({
          n,
          outcome,
          counted: tried && outcome === 'done' ? count === 1 : outcome === 'unknown' ? count === 0 || count === 1 : count === 0,
        }).toEqual({ n, outcome, counted: true });
      }
      if (outcomes.first !== 'unknown') expect([outcomes.first, first !== undefined]).toEqual([outcomes.first, outcomes.first === 'done']);
      if (outcomes.destroy === 'done') expect(c).toBeUndefined();
      if (outcomes.list === 'done' && outcomes.first !== 'unknown') expect(listed).toHaveLength(outcomes.first === 'done' ? 4 : 3);
      const troubled = Object.entries(outcomes).filter(([, outcome]) => outcome !== 'done');
      if (failed?.kind === 'rolled-back' || failed?.kind === 'not-done') expect(troubled).toEqual([]);
      // Only a commit whose record has moved on may not know.
      if (failed?.kind === 'unknown') expect(troubled.filter(([name]) => name !== 'commit 1' && name !== 'first')).toEqual([]);
    }

    it('meets no fault, and counts the statements', async () => {
      const life = await live(-1);
      expect(Object.values(life.outcomes)).not.toContain('refused');
      check(life);
      expect(life.statements.length).toBeGreaterThan(10);
    });

    it(
      `applies no change twice, loses none that was acknowledged, and refuses none for what was rolled back (SEED=${SEED})`,
      async () => {
        const failures = DRIVER_FAILURES[databaseName];
        const { statements } = await live(-1);
        const runs = LONG
          ? failures.flatMap((failed) => statements.flatMap((_, at) => [false, true].map((isDone) => ({ failed, at, isDone }))))
          : Array.from({ length: SHORT }, () => ({
              failed: failures[random(failures.length)]!,
              at: random(statements.length),
              isDone: random(2) === 1,
            }));
        for (const { failed, at, isDone } of runs) {
          if (isDone && failed.kind !== 'unknown') continue;
          const life = await live(at, failed, isDone);
          try {
            check(life, failed);
          } catch (error) {
            throw new Error(
              `${failed.name} (${failed.kind}), ${isDone ? 'done' : 'not done'}, at ${at}: ${life.statements[at]}\n${JSON.stringify(life.outcomes)}`,
              { cause: error },
            );
          }
        }
      },
      LONG ? 3_600_000 : 60_000,
    );
  },
);
