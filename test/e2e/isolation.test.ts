import { DatabaseContext, SessionService } from '../../src/index.js';
import { ONE_PER_SERVER } from '../support/databases.js';
import { dropTables } from '../support/drop-tables.js';
import { startTestApp } from '../support/test-app.js';

const USERS = 30;

/** More new connections than the 511 that Node lets wait, and the kernel resets some. */
const AT_ONCE = 400;

describe.each(ONE_PER_SERVER)('many users on %s', (database) => {
  const LOGINS = database === 'postgresql' ? 2000 : 200;

  it("ASVS 15.4.1: log in at once and never see what is another's", async () => {
    const tableName = `isolation_${database}`;
    const app = await startTestApp(database, { options: { tableName, pruneInterval: false, timeout: 50_000 } });
    const url = await app.getUrl();
    const send = (path: string, cookie: string, values?: object) =>
      fetch(`${url}${path}`, {
        method: values ? 'POST' : 'GET',
        headers: { cookie, 'content-type': 'application/json' },
        ...(values ? { body: JSON.stringify(values) } : {}),
      });
    const cookieOf = (answer: Response) => answer.headers.get('set-cookie')!.split(';')[0]!;
    try {
      const logins: Response[] = [];
      while (logins.length < LOGINS)
        logins.push(...(await Promise.all(Array.from({ length: Math.min(AT_ONCE, LOGINS) }, () => send('/login', '', {})))));
      expect(logins.filter(({ status }) => status !== 201)).toEqual([]);
      const cookies = logins.map(cookieOf);
      expect(new Set(cookies).size).toBe(LOGINS);
      expect(await app.get(SessionService).count()).toBe(LOGINS);

      const live = async (cookie: string, n: number) => {
        await Promise.all([send('/set', cookie, { [`tag${n}`]: n }), send('/dawdle', cookie, { mine: n }), send('/session', cookie)]);
        const next = cookieOf(await send('/login', cookie, {}));
        const [seen, old] = await Promise.all([
          send('/set', next, { mine: n, again: n }).then(() => send('/session', next)),
          send('/session', cookie),
        ]);
        const { cookie: _, ...values } = (await seen.json()) as Record<string, unknown>;
        return { n, values, old: Object.keys((await old.json()) as object) };
      };
      const outcomes = await Promise.all(cookies.slice(0, USERS).map(live));
      for (const { n, values, old } of outcomes) {
        expect(values).toEqual({ user: 'anna', mine: n, again: n });
        expect(old).toEqual(['cookie']);
      }
    } finally {
      const { runner, dialect } = app.get(DatabaseContext, { strict: false });
      await dropTables(dialect.name, runner.run, tableName);
      await app.close();
    }
  }, 180_000);
});
