import { SmartSessionOptions, type SmartSessionModuleOptions } from '../../src/index.js';
import { warningsOf } from '../../src/security/warnings.js';

const STRONG = 'kR3v9TqXb7LmN2pW8sYdF4gH6jZcAe1u';

const warnings = (options: SmartSessionModuleOptions) => warningsOf(new SmartSessionOptions({ secret: STRONG, ...options }));

/** Runs `work` as in production. */
function inProduction<Result>(work: () => Result): Result {
  const { NODE_ENV } = process.env;
  process.env.NODE_ENV = 'production';
  try {
    return work();
  } finally {
    process.env.NODE_ENV = NODE_ENV;
  }
}

describe('a time in seconds where ms are meant', () => {
  const SECONDS = [1, 59, 60, 900, 1800, 3600, 7200, 21_600, 43_200, 86_400, 604_800, 1_209_600, 2_592_000, 7_776_000, 31_536_000];
  const MS = [60_000, 300_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 86_400_000, 604_800_000, 2_592_000_000, 31_536_000_000];
  const give: Record<string, (ms: number) => SmartSessionModuleOptions> = {
    ttl: (ttl) => ({ ttl }),
    absoluteTtl: (absoluteTtl) => ({ absoluteTtl }),
    'cookie.maxAge': (maxAge) => ({ cookie: { maxAge } }),
  };

  it.each(Object.entries(give).flatMap(([option, given]) => SECONDS.map((n) => [option, n, given] as const)))(
    '`%s` of %i is warned of',
    (option, n, given) => {
      expect(warnings(given(n))).toEqual([`\`${option}\` is ${n} ms, which is ${n / 1000} s. If seconds were meant, give ${n * 1000}.`]);
    },
  );

  it.each(Object.entries(give).flatMap(([option, given]) => MS.map((n) => [option, n, given] as const)))(
    '`%s` of %i is right',
    (_option, n, given) => {
      expect(warnings(given(n))).toEqual([]);
    },
  );

  it.each<[SmartSessionModuleOptions, boolean]>([
    [{ touchAfter: 86_400 }, true],
    [{ touchAfter: 3600 }, true],
    [{ touchAfter: 0 }, false],
    [{ touchAfter: 1000 }, false],
    [{ touchAfter: 60_000 }, false],
    [{ pruneInterval: 900 }, true],
    [{ pruneInterval: 60 }, true],
    [{ pruneInterval: 3600 }, true],
    [{ pruneInterval: false }, false],
    [{ pruneInterval: 30_000 }, false],
    [{ cookie: () => ({ maxAge: 86_400 }) }, false],
    [{ cookie: { maxAge: null as never } }, false],
    [{}, false],
  ])('%o: %s', (options, isWarned) => {
    expect(warnings(options)).toHaveLength(isWarned ? 1 : 0);
  });
});

describe('a weak secret in production', () => {
  const WEAK = ['keyboard cat', 'x'.repeat(40), 'change me, this is an example secret', Buffer.from('short')];

  it.each(WEAK)('may verify behind a strong one, with a warning: %s', (weak) => {
    const [warning, ...more] = inProduction(() => warnings({ secret: [STRONG, weak], cookie: { secure: true } }));
    expect(warning).toMatch(/^`secret`, number 2 of 2: a secret .*verifies cookies\. .* Remove it when/);
    expect(warning).not.toContain(String(weak));
    expect(more).toEqual([]);
  });

  it.each(WEAK)('is refused where it signs: %s', (weak) => {
    for (const secret of [weak, [weak, STRONG]])
      expect(() => inProduction(() => warnings({ secret: secret as never }))).toThrow(
        /option `secret`: a secret .* was given in production/,
      );
  });

  it('is warned of one by one, and not outside production', () => {
    const secret = [STRONG, 'old', STRONG.toLowerCase(), 'older'];
    expect(inProduction(() => warnings({ secret, cookie: { secure: true } })).map((line) => line.slice(0, 24))).toEqual(
      ['`secret`, number 2 of 4: ', '`secret`, number 4 of 4: '].map((line) => line.slice(0, 24)),
    );
    expect(warnings({ secret })).toEqual([]);
  });
});
