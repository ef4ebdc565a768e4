import { randomInt } from 'node:crypto';
import { vi } from 'vitest';
import { Logger } from '@nestjs/common';
import { exploreAll, exploreSample } from './explorer.js';
import { randomOf } from '../../packages/session-race/src/shared/random.js';
import { runHistory, type History, type Mutant, type Scenario } from './history.js';
import { LAWS, violations } from './laws.js';
import { BREACHES, NEIGHBOURS } from './mutants.js';
import { HOLDING_NAMES, OPERATION_NAMES } from './operations.js';
import { timeInWalk, type Choose } from './scheduler.js';

/** Walks what `npm test` only samples. */
const IS_LONG = process.env.EXPLORE === 'long';

/** Of what is sampled: `SEED=1 npm test -- interleavings` walks the same once more. */
const SEED = Number(process.env.SEED ?? randomInt(2 ** 31));

/** Interleavings of a scenario that is sampled. */
const SAMPLE = IS_LONG ? 100 : 3;

/** The share of the scenarios that `npm test` walks, other ones in each run, where all of them would take most of this file's time. */
const WALKED_SHARE = IS_LONG ? 1 : 0.25;

const KINDS = [...OPERATION_NAMES, 'expiry'] as const;
const LOCKINGS = [['optimistic'], ['pessimistic'], ['optimistic', 'pessimistic']] as const;

type Operations = Scenario['operations'];

/** What the second of two neighbours does, and what comes to its session from elsewhere. */
const NEIGHBOURLY: Operations[] = OPERATION_NAMES.filter((name) => name !== 'change during commit').flatMap((third) =>
  KINDS.map((last): Operations => ['set', 'set', third, last]),
);

/** Those of few steps: the others have tens of thousands of interleavings each. */
const SHORT_NEIGHBOURLY: Operations[] = (['set', 'counter'] as const).flatMap((third) =>
  (['set', 'counter', 'delete', 'touch', 'destroy'] as const).map((last): Operations => ['set', 'set', third, last]),
);

const PAIRS: Operations[] = KINDS.flatMap((one, i) => KINDS.slice(i).map((other) => [one, other]));
/** With mixed locking it matters who is who. */
const ORDERED_PAIRS: Operations[] = KINDS.flatMap((one) => KINDS.map((other) => [one, other]));
const TRIPLES: Operations[] = KINDS.flatMap((one, i) =>
  KINDS.slice(i).flatMap((two, j) => KINDS.slice(i + j).map((three) => [one, two, three])),
);

/** Two commits of one request, and a step between: three of these have millions of interleavings, two with a lost connection 300,000. */
const isLong = (operations: Operations) => operations.includes('change during commit');
const SHORT_TRIPLES = TRIPLES.filter((triple) => !isLong(triple));
const LONG_TRIPLES = TRIPLES.filter(isLong);

/** A request that holds a lease or a transaction, and another step. */
const HOLDING_PAIRS: Operations[] = HOLDING_NAMES.flatMap((one, i) =>
  [...HOLDING_NAMES.slice(i), ...KINDS, 'lease expiry' as const].map((other): Operations => [one, other]),
);
/** Two of the same are walked where the checker is to see breaches of them. */
const SHORT_HOLDING_PAIRS: Operations[] = HOLDING_NAMES.flatMap((one) =>
  (['counter', 'destroy', 'lease expiry'] as const).map((other): Operations => [one, other]),
);
const HOLDING_TRIPLES: Operations[] = HOLDING_PAIRS.flatMap(([one, two]) =>
  [...HOLDING_NAMES, 'lease expiry' as const].map((three): Operations => [one!, three, two!]),
);

/** How many of them are sampled. */
const SHARE_OF_HOLDING_TRIPLES = IS_LONG ? 0.1 : 0.03;

const HOUR = 3_600_000;

// In a walk no time passes: a busy machine holds a turn up for longer than a batcher waits for its statement.
beforeAll(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  vi.spyOn(performance, 'now').mockImplementation(timeInWalk);
});
afterAll(() => {
  vi.mocked(performance.now).mockRestore();
  vi.useRealTimers();
});

describe('interleavings', () => {
  let walked = 0;

  beforeAll(() => Logger.overrideLogger(false));
  afterAll(() => process.stdout.write(`Walked ${walked} interleavings in all; SEED=${SEED}.\n`));

  const check = (scenario: Scenario) => async (choose: Choose) => {
    walked++;
    const history = await runHistory(scenario, choose);
    const broken = violations(history);
    if (broken.size > 0) throw new Error(report(history, broken));
  };

  function walkAll(title: string, scenarios: readonly Operations[], settings: Omit<Scenario, 'operations'>): void {
    it(
      title,
      async () => {
        let count = 0;
        for (const operations of scenarios) count += await exploreAll(check({ ...settings, operations }));
        process.stdout.write(`${title}: ${scenarios.length} scenarios, all ${count} interleavings.\n`);
        // Fewer would mean that the steps are no longer interleaved.
        expect(count).toBeGreaterThan(scenarios.length * 3);
      },
      HOUR,
    );
  }
  function walkSome(title: string, scenarios: readonly Operations[], settings: Omit<Scenario, 'operations'>): void {
    it(
      title,
      async () => {
        for (const [n, operations] of scenarios.entries()) await exploreSample(SEED + n, SAMPLE, check({ ...settings, operations }));
        process.stdout.write(`${title}: ${scenarios.length} scenarios, ${SAMPLE} interleavings of each, SEED=${SEED}.\n`);
      },
      HOUR,
    );
  }

  const pick = randomOf(SEED);
  const shareOf = (scenarios: readonly Operations[], share: number) => scenarios.filter(() => pick() < share);

  for (const locking of LOCKINGS) {
    const name = locking.join(' against ');
    const isDefault = name === 'optimistic';
    const pairs = locking.length > 1 ? ORDERED_PAIRS : PAIRS;
    walkAll(`2 requests, ${name}`, isDefault ? pairs : shareOf(pairs, WALKED_SHARE), { locking });
    const shortPairs = pairs.filter((pair) => !isLong(pair));
    const withFault = `2 requests, ${name}, a connection lost anywhere`;
    if (isDefault || IS_LONG) walkAll(withFault, shareOf(shortPairs, WALKED_SHARE), { locking, faults: 1 });
    if (!IS_LONG) walkSome(`${withFault}, sampled`, shortPairs, { locking, faults: 1 });
    walkSome(`2 requests, of which some change during commits, ${name}, a connection lost anywhere`, pairs.filter(isLong), {
      locking,
      faults: 1,
    });
    (IS_LONG ? walkAll : walkSome)(`3 requests, ${name}`, SHORT_TRIPLES, { locking });
    walkSome(`3 requests, of which some change during commits, ${name}`, LONG_TRIPLES, { locking });
    if (locking[0] === 'pessimistic') {
      const withProgram = OPERATION_NAMES.map((operation): Operations => [operation, 'another program']);
      const title = `a request and a program that does not know the version, ${name}`;
      walkAll(title, withProgram, { locking });
      walkAll(
        `${title}, a connection lost anywhere`,
        withProgram.filter((pair) => !isLong(pair)),
        { locking, faults: 1 },
      );
    }
    // With both ways of locking there are two processes.
    if (locking.length === 1) {
      walkAll(`2 requests in one process, ${name}`, IS_LONG ? pairs : shortPairs, { locking, isOneProcess: true });
      walkSome(`3 requests in one process, ${name}`, TRIPLES, { locking, isOneProcess: true });
    }
    if (locking[0] === 'optimistic') {
      const elsewhere = locking.at(-1)!;
      const settings = { ...NEIGHBOURS, locking: ['optimistic', 'optimistic', 'optimistic', elsewhere] as const };
      const title = `3 sessions in one process, one of them used elsewhere, ${name}`;
      if (IS_LONG) walkAll(`${title}, walked`, SHORT_NEIGHBOURLY, settings);
      walkSome(`${title}, sampled`, NEIGHBOURLY, settings);
      walkSome(`${title}, a connection lost anywhere`, NEIGHBOURLY, { ...settings, faults: 1 });
    }
    walkSome(`3 requests, ${name}, two connections lost anywhere`, TRIPLES, { locking, faults: 2 });
  }

  const locking = ['optimistic'] as const;
  walkAll('a request that holds something, and another one', IS_LONG ? HOLDING_PAIRS : SHORT_HOLDING_PAIRS, { locking });
  if (IS_LONG) {
    walkAll('a request that holds something, and another one, pessimistic', SHORT_HOLDING_PAIRS, { locking: ['pessimistic'] });
    walkAll(
      'a request that holds something, and another one, a connection lost anywhere',
      [...SHORT_HOLDING_PAIRS, ['once', 'once'], ['lock', 'lock'], ['transactional', 'transactional']],
      { locking, faults: 1 },
    );
    const standingStill: Operations[] = (['once', 'lock'] as const).map((name) => [name, name, 'lease expiry']);
    walkAll('2 requests with a lease, and a holder that stands still', standingStill, { locking });
  }
  const someTriples = () => shareOf(HOLDING_TRIPLES, SHARE_OF_HOLDING_TRIPLES);
  walkSome('3 requests, some of which hold something, optimistic against pessimistic, two connections lost anywhere', someTriples(), {
    locking: ['optimistic', 'optimistic', 'pessimistic'],
    faults: 2,
  });
  walkSome('2 requests in one process and another one, some of which hold something, a connection lost anywhere', someTriples(), {
    locking,
    isOneProcess: true,
    hasOutsider: true,
    faults: 1,
  });
});

describe('the checker sees', () => {
  beforeAll(() => Logger.overrideLogger(false));

  it.each(Object.entries(BREACHES))('%s', async (_name, { law, scenario, ...mutant }) => {
    expect(await isBroken(scenario, mutant, law)).toBe(true);
    expect([...(await lawsBrokenBy(scenario))]).toEqual([]);
  });

  it('a breach of every law', () => {
    const laws = new Set(Object.values(BREACHES).map(({ law }) => law));
    expect([...laws].toSorted()).toEqual(Object.keys(LAWS).toSorted());
  });
});

/** Whether any interleaving of a scenario breaks a law. */
async function isBroken(scenario: Scenario, mutant: Mutant, law: string): Promise<boolean> {
  const found = new Error('found');
  const look = async (choose: Choose) => {
    if (violations(await runHistory(scenario, choose, mutant)).has(law)) throw found;
  };
  // One in a few of its many interleavings shows the breach.
  const explored = scenario.operations.includes('lease expiry') ? exploreSample(SEED, 2000, look) : exploreAll(look);
  const outcome = await explored.catch((error: unknown) => error);
  if (outcome instanceof Error && outcome !== found) throw outcome;
  return outcome === found;
}

const known = new Map<string, Promise<ReadonlySet<string>>>();

/** The laws that the interleavings of a scenario break with our own code as it is: all of them, or a sample where they are thousands. */
function lawsBrokenBy(scenario: Scenario): Promise<ReadonlySet<string>> {
  const key = JSON.stringify(scenario);
  const laws = known.get(key) ?? findLawsBrokenBy(scenario);
  known.set(key, laws);
  return laws;
}

async function findLawsBrokenBy(scenario: Scenario): Promise<ReadonlySet<string>> {
  const seen = new Set<string>();
  const look = async (choose: Choose) => {
    for (const law of violations(await runHistory(scenario, choose)).keys()) seen.add(law);
  };
  if (scenario.sessions) await exploreSample(SEED, IS_LONG ? 1000 : 200, look);
  else if (scenario.operations.includes('lease expiry')) await exploreSample(SEED, 200, look);
  else await exploreAll(look);
  return seen;
}

function report({ scenario, trace, requests }: History, broken: ReadonlyMap<string, string>): string {
  return [
    ...[...broken].map(([law, wrong]) => `${law}: ${wrong}`),
    `SEED=${SEED}, ${JSON.stringify(scenario)}`,
    ...trace,
    ...requests.map(({ actor, operation, kind, error }) => `${actor} (${operation}): ${kind} ${error === undefined ? '' : String(error)}`),
  ].join('\n');
}
