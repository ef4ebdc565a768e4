import type { INestApplication } from '@nestjs/common';
import type { AbstractSqlConnection } from '@mikro-orm/sql';
import { DatabaseContext } from '../../src/index.js';
import { LoadBatcher } from '../../src/batching/load-batcher.js';
import { LiveSession } from '../../src/live/live-session.js';
import { afterOthers } from '../../src/live/live-turn.js';
import { CallTrace, type Frame } from '../support/call-trace.js';
import { DATABASES } from '../support/databases.js';
import { readPage } from '../support/markdown.js';
import { describeEach } from '../support/describe-each.js';
import { dropTablesOf } from '../support/drop-tables.js';
import { startTestApp } from '../support/test-app.js';

/** A file on the way, and functions in it. */
interface Station {
  readonly file: string;
  readonly functions: readonly string[];
}

const MOST = { Read: 9, Write: 10 } as const;

type Way = keyof typeof MOST;

const { text: page } = readPage('docs/architecture.md');

/** The stations that the page lists for a database, from the middleware to the driver. */
function stationsOf(way: Way, database: string): Station[] {
  const [, section = ''] = page.split(`### ${way}\n`);
  const [list = ''] = section.split(/^#/m);
  return [...list.matchAll(/^\d+\. `([\w/.-]+)`(?: \((\w+) only\))?: (.*)$/gm)]
    .filter(([, , only]) => only === undefined || only.toLowerCase() === database)
    .map(([, file, , said]) => ({ file: file!, functions: [...said!.matchAll(/`(#?\w+)`/g)].map(([, name]) => name!) }));
}

/** Values, those who are told and errors are not on the way. */
const isControl = ({ file }: Frame) => !/^(codec|observers|telemetry|events)\/|errors\.ts$/.test(file);

/** The frames between the middleware and the driver, from the outermost inwards. */
function wayIn(frames: readonly Frame[]): Frame[] {
  const inner = frames.findIndex(({ file }) => file === 'middleware/smart-session.middleware.ts');
  return frames
    .slice(0, inner + 1)
    .filter(isControl)
    .toReversed();
}

/** The files of frames, each once for frames in succession. */
function filesOf(frames: readonly Frame[]): string[] {
  return frames.map(({ file }) => file).filter((file, n, files) => file !== files[n - 1]);
}

describeEach(DATABASES.filter((name) => name === 'sqlite' || name === 'postgresql'))('docs/architecture.md, on %s', (database) => {
  let app: INestApplication;
  let url: string;
  let cookie: string;
  let lift: () => void;
  let trace: CallTrace;
  let statements: { readonly sql: string; readonly frames: Frame[] }[] = [];

  beforeAll(async () => {
    app = await startTestApp(database, { options: { tableName: 'way_of_a_request' } });
    url = await app.getUrl();
    const response = await set({ a: 1 });
    cookie = response.headers.getSetCookie()[0]!.split(';')[0]!;
    lift = await watchDriver((sql) => statements.push({ sql, frames: wayIn(trace.here()) }));
  });
  afterAll(async () => {
    await dropTablesOf(app);
    lift();
    await app.close();
  });

  const set = (values: object) =>
    fetch(`${url}/set`, { method: 'POST', headers: { cookie, 'content-type': 'application/json' }, body: JSON.stringify(values) });

  /** Calls back before each call of the driver. Returns what ends it. */
  async function watchDriver(onCall: (sql: string) => void): Promise<() => void> {
    const connection = app.get(DatabaseContext).orm!.em.getConnection() as AbstractSqlConnection;
    const native = (await connection.getNativeClient()) as any;
    const watch = (prototype: any, method: string, sqlOf: (object: any, given: any) => string) => {
      const original = prototype[method];
      prototype[method] = function (this: object, ...parameters: unknown[]) {
        onCall(sqlOf(this, parameters[0]));
        return original.apply(this, parameters);
      };
      return () => void (prototype[method] = original);
    };
    if (database === 'sqlite') {
      const statement = Object.getPrototypeOf(native.prepare('select 1'));
      const lifts = ['all', 'run'].map((method) => watch(statement, method, ({ source }) => source));
      return () => lifts.forEach((one) => one());
    }
    const client = await native.connect();
    client.release();
    return watch(Object.getPrototypeOf(client), 'query', (_, query) => (typeof query === 'string' ? query : query.text));
  }

  /** Runs a request, and returns its ways to the driver. */
  async function waysOf(values: object): Promise<Readonly<Record<Way, Frame[]>>> {
    statements = [];
    trace = new CallTrace();
    await trace.during(() => set(values));
    expect(statements.map(({ sql }) => sql.trim().split(' ')[0])).toEqual(['select', 'update']);
    return { Read: statements[0]!.frames, Write: statements[1]!.frames };
  }

  it.each(['Read', 'Write'] as const)('has each file on the way of a request, in its order: %s', async (way) => {
    const frames = (await waysOf({ [way]: 1 }))[way];
    const stations = stationsOf(way, database);
    expect(stations.map(({ file }) => file)).toEqual(filesOf(frames));
    for (const { file, functions } of stations) {
      const called = frames.filter((frame) => frame.file === file).map(({ name }) => name);
      expect([file, functions.filter((name) => !called.some((one) => one.split('.').at(-1) === name))]).toEqual([file, []]);
    }
  });

  it.each(['Read', 'Write'] as const)('is a way of few files, of which none is entered twice: %s', async (way) => {
    const files = filesOf((await waysOf({ [way]: 2 }))[way]);
    expect(files.length).toBeLessThanOrEqual(MOST[way]);
    expect(files).toEqual([...new Set(files)]);
  });

  it('is held against what runs: a detour shows', async () => {
    const loads = app.get(LoadBatcher);
    Object.assign(loads, {
      submit: (key: string) => afterOthers(new LiveSession(key), () => LoadBatcher.prototype.submit.call(loads, key)),
    });
    const detour = filesOf((await waysOf({ detour: 1 })).Read);
    delete (loads as Partial<LoadBatcher>).submit;
    expect(detour).toContain('live/live-turn.ts');
    expect(detour).not.toEqual(stationsOf('Read', database).map(({ file }) => file));
  });
});
