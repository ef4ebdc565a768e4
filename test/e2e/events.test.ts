import { EventEmitter } from 'node:events';
import { Injectable, Logger, Module, type LoggerService } from '@nestjs/common';
import { EventEmitter2, EventEmitterModule, OnEvent } from '@nestjs/event-emitter';
import {
  SessionCreatedEvent,
  SessionDestroyedEvent,
  SessionExpiredEvent,
  SessionMergeError,
  SessionMergedEvent,
  SessionNotSerializableError,
  SessionReadOnlyError,
  SmartSessionConfigError,
  SmartSessionModule,
  SmartSessionTestingModule,
  SqlSessionRepository,
  type SmartSessionModuleOptions,
} from '../../src/index.js';
import { MergeTrace } from '../../src/observers/merge-trace.js';
import { Browser } from '../support/browser.js';
import { Gathering, GatheringModule } from '../support/gathering.js';
import { REPOSITORY_CASES } from '../support/repository-cases.js';
import { SessionsApp, sessionIdOf, storageKeyIn } from '../support/sessions-app.js';
import { startTestApp } from '../support/test-app.js';

type Event = SessionCreatedEvent | SessionDestroyedEvent | SessionExpiredEvent | SessionMergedEvent;

@Injectable()
class Listener {
  static heard: Event[] = [];

  @OnEvent('session.created') created(event: SessionCreatedEvent): void {
    Listener.heard.push(event);
  }
  @OnEvent('session.merged') merged(event: SessionMergedEvent): void {
    Listener.heard.push(event);
  }
  @OnEvent('session.destroyed') destroyed(event: SessionDestroyedEvent): void {
    Listener.heard.push(event);
  }
  @OnEvent('session.expired') expired(event: SessionExpiredEvent): void {
    Listener.heard.push(event);
  }
}

@Module({ imports: [EventEmitterModule.forRoot()], providers: [Listener] })
class ListenerModule {}

/** What was heard, in short. */
const heard = () => Listener.heard.map((event) => [event.constructor, event.userId, ...('reason' in event ? [event.reason] : [])]);

/** Another tab of the same browser. */
const tabOf = (browser: Browser, { app }: SessionsApp) => Object.assign(new Browser(app), { cookie: browser.cookie });

describe.each(REPOSITORY_CASES)('events on $database, $locking, $name', ({ database, locking, repository, n }) => {
  let app: SessionsApp;
  /** MySQL and the entity manager do not tell whose record they have deleted. */
  const anna = database === 'mysql' || repository !== SqlSessionRepository ? undefined : 'anna';

  beforeAll(async () => {
    const options = { tableName: `events_${database}_${n}`, locking, repository, userId: 'user', events: EventEmitter2 };
    app = await SessionsApp.start(database, options, { imports: [ListenerModule, GatheringModule] });
  });
  beforeEach(async () => {
    await app.clear();
    Listener.heard = [];
  });
  afterAll(() => app.close());

  it('ASVS 16.3.3: tell of a login and a logout, by what opens no session', async () => {
    const browser = await app.browser();
    const before = { id: sessionIdOf(browser), storageKey: storageKeyIn(browser) };
    await browser.post('/login');
    const [{ handle }] = (await app.sessions.list({ userId: 'anna' })) as unknown as [{ handle: string }];
    const [id, storageKey] = [sessionIdOf(browser), storageKeyIn(browser)];
    await browser.delete('/session');
    await browser.delete('/session');
    expect(heard()).toEqual([
      [SessionCreatedEvent, null],
      [SessionDestroyedEvent, null, 'replaced'],
      [SessionCreatedEvent, 'anna'],
      [SessionDestroyedEvent, anna, 'logout'],
    ]);
    const [first, replaced, second, ended] = Listener.heard;
    expect([first!.handle, second!.handle, handle]).toEqual([replaced!.handle, ended!.handle, ended!.handle]);
    expect(ended!.at).toBeInstanceOf(Date);
    for (const secret of [before.id, before.storageKey, id, storageKey])
      expect(JSON.stringify(Listener.heard)).not.toContain(secret.slice(0, 8));
  });

  it('tell once of each session, and of each request whose changes were merged', async () => {
    const browser = await app.browser();
    await Promise.all(Array.from({ length: 5 }, () => new Browser(app.app).post('/save-and-reload')));
    const requests = await Gathering.of(Array.from({ length: 5 }, (_, i) => [tabOf(browser, app), { [`key${i}`]: 1, a: i + 2 }] as const));
    await requests.go();
    const merged = Listener.heard.filter((event) => event instanceof SessionMergedEvent);
    expect(Listener.heard.filter((event) => event instanceof SessionCreatedEvent)).toHaveLength(6);
    expect(merged).toHaveLength(4);
    for (const { keys, contested, attempts } of merged)
      expect([keys.toSorted(), contested, attempts > 0]).toEqual([['a', expect.stringMatching(/^key\d$/)], ['a'], true]);
  });

  it('tell of expired sessions when their records go', async () => {
    await (await app.browser()).post('/login');
    await app.age(2 * 24 * 60 * 60 * 1000);
    Listener.heard = [];
    expect([await app.sessions.prune(), await app.sessions.prune()]).toEqual([1, 0]);
    expect(heard()).toEqual([[SessionExpiredEvent, 'anna']]);
  });
});

/** Runs work on an app whose sessions are in memory, and tells what it has logged. */
async function inMemory(
  options: SmartSessionModuleOptions,
  work: (browser: Browser) => Promise<void>,
  imports: NonNullable<Parameters<typeof startTestApp>[1]>['imports'] = [],
): Promise<void> {
  const app = await startTestApp('sqlite', { imports, module: SmartSessionTestingModule.forRoot(options) });
  try {
    await work(new Browser(app));
  } finally {
    await app.close();
  }
}

afterEach(() => Logger.overrideLogger(false));

/** A logger, and what it was given on one level. */
function keepLines(level: 'error' | 'debug') {
  const lines: string[] = [];
  const logger: LoggerService = {
    log: () => {},
    error: () => {},
    warn: () => {},
    debug: () => {},
    [level]: (line: string) => void lines.push(line),
  };
  return { lines, logger };
}

describe('the option events', () => {
  const sendOne = async (browser: Browser) => {
    expect((await browser.post('/set', { a: 1 })).status).toBe(201);
  };
  beforeEach(() => {
    Listener.heard = [];
  });

  it('takes whatever emits', async () => {
    const emitter = new EventEmitter();
    emitter.on(SessionCreatedEvent.event, (event: Event) => Listener.heard.push(event));
    await inMemory({ events: emitter }, sendOne);
    expect(heard()).toEqual([[SessionCreatedEvent, null]]);
  });

  it('takes a token, also where the options are made at start', async () => {
    const module = SmartSessionModule.forRootAsync({
      useFactory: () => ({
        dialect: 'sqlite',
        connection: { dbName: ':memory:' },
        createTable: true,
        secret: 'test',
        events: EventEmitter2,
      }),
    });
    const app = await startTestApp('sqlite', { imports: [ListenerModule], module });
    await sendOne(new Browser(app));
    await app.close();
    expect(heard()).toEqual([[SessionCreatedEvent, null]]);
  });

  it('lets no request fail for a listener, and logs why it failed', async () => {
    const { lines, logger } = keepLines('error');
    const sendOneLogged = (browser: Browser) => {
      Logger.overrideLogger(logger);
      return sendOne(browser);
    };
    const emitter = new EventEmitter().on('session.created', () => {
      throw new Error('no listener');
    });
    await inMemory({ events: emitter }, sendOneLogged);
    await inMemory({ events: { emit: () => Promise.reject(new Error('no promise')) } }, sendOneLogged);
    expect(lines).toEqual([
      'A listener of session.created failed: Error: no listener',
      'A listener of session.created failed: Error: no promise',
    ]);
  });

  it('says at start what cannot work', async () => {
    const starts = (events: unknown) => inMemory({ events: events as never }, sendOne);
    await expect(starts(EventEmitter2)).rejects.toThrow(/`events`: no module provides EventEmitter\. .*EventEmitter2.*EventEmitterModule/);
    await expect(starts('EMITTER')).rejects.toThrow(/`events`: no module provides EMITTER/);
    await expect(starts(SmartSessionModule)).rejects.toThrow(/`events`: SmartSessionModule provides no object with an `emit` method/);
    for (const wrong of [true, {}, '', null]) await expect(starts(wrong)).rejects.toThrow(SmartSessionConfigError);
  });
});

describe('the debug log', () => {
  /** Two requests that change the same key. */
  async function merge(key: string, logger: LoggerService | false): Promise<void> {
    const app = await startTestApp('sqlite', { imports: [GatheringModule], module: SmartSessionTestingModule.forRoot() });
    Logger.overrideLogger(logger);
    const [browser, other] = [new Browser(app), new Browser(app)];
    await browser.post('/set', { [key]: 0 });
    other.cookie = browser.cookie;
    await (
      await Gathering.of([
        [browser, { [key]: 1, secret: 'canary' }],
        [other, { [key]: 2, more: 'canary' }],
      ])
    ).go();
    await app.close();
  }

  it('ASVS 16.4.1: has a line for each merge, with names of keys that begin no line of their own, and no value', async () => {
    const key = `a\nERROR forged${'x'.repeat(100)}`;
    const { lines, logger } = keepLines('debug');
    await merge(key, logger);
    const name = String.raw`"a\\nERROR forgedx{50}…"`;
    expect(lines).toEqual([
      expect.stringMatching(
        new RegExp(
          `^Record [0-9a-f]{8}…: merged ${name}, "\\w+" into what others had changed, at attempt 1; others had changed ${name} too\\.$`,
        ),
      ),
    ]);
    expect(lines[0]).not.toContain('canary');
    for (const error of [
      new SessionReadOnlyError([key]),
      new SessionMergeError(key, new Error('no')),
      new SessionNotSerializableError(key, 'a symbol'),
    ]) {
      expect(error.message).toMatch(/`a\\nERROR/);
    }
  });

  it('costs nothing when it is off: merges are not examined', async () => {
    const { find } = MergeTrace.prototype;
    let looked = 0;
    MergeTrace.prototype.find = function (this: MergeTrace) {
      looked++;
      return find.call(this);
    };
    await merge('a', false);
    const whenOff = looked;
    await merge('a', keepLines('debug').logger);
    MergeTrace.prototype.find = find;
    expect([whenOff, looked > 0]).toEqual([0, true]);
  });
});
