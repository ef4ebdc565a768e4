import session from 'express-session';
import { assertRaceSafe, raceStore, CannotJudgeError, RaceConfigError, RaceUnsafeError } from '../src/index.js';
import { lossyReport } from './lossy-report.js';
import { ConfusingStore, FailingStore, ForgetfulStore, HastyStore, LockingStore } from './stores.js';

const QUICK = { rounds: 2, settle: 40 };

describe('raceStore', () => {
  it('finds that MemoryStore, where the last write wins, loses updates and brings sessions back', async () => {
    const report = await lossyReport();
    expect(report).toMatchObject({ verdict: 'lossy', stale: 0, foreign: 0, unknown: 0, refused: 0 });
    expect(report.lost).toBeGreaterThan(0);
    expect(report.resurrected).toBeGreaterThan(0);
    expect(report.examples.map(({ kind }) => kind)).toEqual(['lost', 'resurrected']);
    expect(report.examples[0]!.requests.length).toBeLessThanOrEqual(4);
  });

  it('finds nothing in a store that locks each session, in which updates do run at the same time', async () => {
    const report = await raceStore(new LockingStore(), QUICK);
    expect(report).toMatchObject({ verdict: 'clean', lost: 0, resurrected: 0, stale: 0, foreign: 0, vanished: 0, examples: [], notes: [] });
    expect(report.contended).toBeGreaterThan(report.acknowledged / 2);
    expect(report.ended).toBe(4);
  });

  it('finds stale reads in a store that answers before it has stored', async () => {
    const report = await raceStore(new HastyStore(), QUICK);
    expect(report.stale).toBeGreaterThan(0);
  });

  it("finds another browser's data in a store that mixes sessions up", async () => {
    const report = await raceStore(new ConfusingStore(), QUICK);
    expect(report.foreign).toBeGreaterThan(0);
    expect(report.examples.find(({ kind }) => kind === 'foreign')?.requests.length).toBe(2);
  });

  it('counts no update as lost whose save failed', async () => {
    const report = await raceStore(new FailingStore(3), QUICK);
    expect(report).toMatchObject({ verdict: 'clean', lost: 0 });
    expect(report.unknown).toBeGreaterThan(0);
  });

  it('judges no store that keeps nothing', async () => {
    const judged = raceStore(new ForgetfulStore(), QUICK);
    await expect(judged).rejects.toThrow(CannotJudgeError);
    await expect(judged).rejects.toThrow(/sent: +"read" to ForgetfulStore, with a cookie\n +received: .*\n +right: /);
  });

  it('judges no stores that do not share their sessions', async () => {
    await expect(raceStore([new LockingStore(), new LockingStore()], QUICK)).rejects.toThrow(
      /that LockingStore 1 began is not known at LockingStore 2/,
    );
  });

  it('refuses a bound that is no number that will do', async () => {
    await expect(raceStore(new LockingStore(), { clients: 1 })).rejects.toThrow(RaceConfigError);
    await expect(raceStore(new LockingStore(), { requests: 20 })).rejects.toThrow(/No round fits in 20 requests/);
  });
});

describe('assertRaceSafe', () => {
  it('returns the report of a store that loses nothing', async () => {
    expect(await assertRaceSafe(new LockingStore(), QUICK)).toMatchObject({ verdict: 'clean' });
  });
  it('throws what is lost, with the shortest history', async () => {
    const outcome = assertRaceSafe(new session.MemoryStore(), QUICK);
    await expect(outcome).rejects.toThrow(RaceUnsafeError);
    await expect(outcome).rejects.toThrow(/updates are lost[^]*Lost update: the shortest history\n +\(1\)/);
  });
});
