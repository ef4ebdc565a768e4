import { Body, Controller, Module, Post, Req, Session } from '@nestjs/common';
import { MikroORM } from '@mikro-orm/core';
import { MikroOrmModule } from '@mikro-orm/nestjs';
import type { Request } from 'express';
import type { MockInstance } from 'vitest';
import { defineSessionEntity, LockSession, SessionService, SmartSessionModule } from '../../src/index.js';
import { WatchedElsewhere } from '../../src/feed/watched-elsewhere.js';
import { notifiedHash, RecordNotifications } from '../../src/persistence/record-notifications.js';
import type { Browser } from '../support/browser.js';
import { connectionOptions } from '../support/databases.js';
import { repeatUntil } from '../support/repeat-until.js';
import { REPOSITORY_CASES } from '../support/repository-cases.js';
import { SessionsApp, sessionIdOf, storageKeyIn } from '../support/sessions-app.js';
import { Watching } from '../support/watching.js';

type Live = Record<string, any>;

@Controller()
class WritesController {
  constructor(private readonly sessions: SessionService) {}

  @Post('locked') @LockSession() locked(@Session() session: Live, @Body() { cart }: Live): void {
    session.cart = cart;
  }
  @Post('transaction') async transaction(@Req() { session }: Request, @Body() { cart }: Live): Promise<void> {
    await this.sessions.transactional(session, (_em, draft: Live) => void (draft.cart = cart));
  }
  @Post('keep') async keep(@Req() request: Request): Promise<void> {
    await this.sessions.regenerate(request, { keep: 'all' });
  }
}

@Module({ controllers: [WritesController] })
class WritesModule {}

/** So long that only a notification can be the reason. */
const FEED = { interval: 60_000, grace: 120_000, notify: true };
const CASES = REPOSITORY_CASES.filter(({ database }) => database === 'postgresql');
const CART = { keys: ['cart'] as never };
const HOUR = 60 * 60 * 1000;

const fill = (cart: number) => (draft: Live) => void (draft.cart = cart);

/** Every way in which a process changes a session. */
const WRITES: Readonly<Record<string, (app: SessionsApp, browser: Browser, cart: number) => Promise<unknown>>> = {
  'a request': (_app, browser, cart) => browser.post('/set', { cart }),
  'a request that removes the key': (_app, browser) => browser.post('/unset', { keys: ['cart'] }),
  'a request under @LockSession()': (_app, browser, cart) => browser.post('/locked', { cart }),
  'a request with transactional': (_app, browser, cart) => browser.post('/transaction', { cart }),
  'update by id': ({ sessions }, browser, cart) => sessions.update(sessionIdOf(browser), fill(cart)),
  'transactional by id': ({ sessions }, browser, cart) => sessions.transactional(sessionIdOf(browser), (_em, draft) => fill(cart)(draft)),
  once: ({ sessions }, browser, cart) => sessions.once(sessionIdOf(browser), `fill ${cart}`, { work: fill(cart) }),
  'update in a transaction of the app': ({ app, sessions }, browser, cart) =>
    app
      .get(MikroORM)
      .em.fork()
      .transactional(() => sessions.update(sessionIdOf(browser), fill(cart))),
  'commit of a loaded session': async ({ sessions }, browser, cart) => {
    const session = (await sessions.load(sessionIdOf(browser)))!;
    await sessions.commit(Object.assign(session, { cart }));
  },
};

/** The acts that change no value of a watched session. */
const SILENT: Readonly<Record<string, (app: SessionsApp, browser: Browser) => Promise<unknown>>> = {
  'a request that only extends its session': async (app, browser) => {
    await app.age(HOUR / 2);
    await browser.get('/nothing');
  },
  'an update that changes nothing': ({ sessions }, browser) => sessions.update(sessionIdOf(browser), () => 1),
  'a handler with a lock that changes nothing': ({ sessions }, browser) => sessions.lock(sessionIdOf(browser), 'x', () => 1),
  'transactional that is rolled back': async ({ sessions }, browser) => {
    const undone = sessions.transactional(sessionIdOf(browser), (_em, draft) => {
      fill(1)(draft);
      throw new RangeError('of the app');
    });
    await expect(undone).rejects.toThrow(RangeError);
  },
  'an update in a transaction of the app that is rolled back': async ({ app, sessions }, browser) => {
    const undone = app
      .get(MikroORM)
      .em.fork()
      .transactional(async () => {
        await sessions.update(sessionIdOf(browser), fill(1));
        throw new RangeError('of the app');
      });
    await expect(undone).rejects.toThrow(RangeError);
  },
  'a change of a session that nobody watches': async (app) => {
    const other = await app.browser();
    await other.post('/set', { cart: 1 });
  },
  'a change after regenerate with keep': async (_app, browser) => {
    await browser.post('/keep');
    await browser.post('/set', { cart: 1 });
  },
};

describe.each(CASES)('notifications of changed sessions, $locking, $name', ({ database, locking, repository, n }) => {
  const tableName = `changes_${n}`;
  let [here, there] = [] as unknown as [SessionsApp, SessionsApp];
  let noted: MockInstance<WatchedElsewhere['note']>;
  /** The records that a listener of this test has heard of. */
  const [written, watchedSomewhere] = [[] as string[], [] as string[]];
  const watchings: Watching[] = [];
  let deafen: () => Promise<void>;

  const start = () => {
    const orm = MikroOrmModule.forRoot(connectionOptions(database, { entities: [defineSessionEntity({ tableName })] }) as never);
    const options = {
      secret: 'test',
      tableName,
      createTable: true,
      locking,
      repository,
      userId: 'user',
      ttl: HOUR,
      pruneInterval: false,
      feed: FEED,
    } as const;
    return SessionsApp.start(database, { tableName }, { module: SmartSessionModule.forRoot(options), imports: [orm, WritesModule] });
  };
  beforeAll(async () => {
    noted = vi.spyOn(WatchedElsewhere.prototype, 'note');
    [here, there] = [await start(), await start()];
    const listener = new RecordNotifications(here.context, here.context.dialect.notifications!);
    const ignore = () => {};
    deafen = (await listener.listen({
      ended: ignore,
      cleared: ignore,
      lost: ignore,
      asked: ignore,
      watched: (hashes) => void watchedSomewhere.push(...hashes),
      written: (hash) => void written.push(hash),
    }))!;
  });
  beforeEach(() => void (written.length = 0));
  afterEach(() => {
    for (const { watch } of watchings.splice(0)) watch.stop();
  });
  afterAll(async () => {
    noted.mockRestore();
    await deafen();
    await there.app.close();
    await here.close();
  });

  /** Waits until the listener of this test has heard of a change. */
  const heard = (hash: string) => vi.waitFor(() => expect(written).toContain(hash), { timeout: 5000, interval: 5 });
  /** Waits until other processes have announced a record so often. */
  const announced = (hash: string, times = 1) =>
    vi.waitFor(() => expect(noted.mock.calls.flat(2).filter((one) => one === hash).length).toBeGreaterThanOrEqual(times), {
      timeout: 5000,
      interval: 5,
    });

  /** Watches a session that was loaded, so that the watch knows its values. */
  async function watchIn({ sessions }: SessionsApp, browser: Browser, options: Partial<typeof CART> = CART): Promise<Watching> {
    const watching = new Watching(sessions, (await sessions.load(sessionIdOf(browser)))!, options);
    watchings.push(watching);
    await watching.watch.checked;
    return watching;
  }

  /** Watches a session in the other process. Waits until this one knows that. */
  async function watched(options: Partial<typeof CART> = CART): Promise<{ browser: Browser; watching: Watching; hash: string }> {
    const browser = await here.browser({ cart: 0 });
    const hash = notifiedHash(storageKeyIn(browser));
    const watching = await watchIn(there, browser, options);
    if (options.keys) await announced(hash);
    return { browser, watching, hash };
  }

  it.each(Object.entries(WRITES))('%s is told to the other process', async (_name, write) => {
    const { browser, watching, hash } = await watched();
    await write(here, browser, 1);
    await watching.changed('cart');
    await heard(hash);
    expect(written).toEqual([hash]);
  });

  it.each(Object.entries(SILENT))('%s is told to none', async (_name, act) => {
    const [first, last] = [await watched(), await watched()];
    await act(here, first.browser);
    await last.browser.post('/set', { cart: 1 });
    await last.watching.changed('cart');
    await heard(last.hash);
    expect(written).toEqual([last.hash]);
  });

  it('a batch tells those that are watched, and no others', async () => {
    const some = await Promise.all(Array.from({ length: 5 }, () => watched()));
    const others = await Promise.all(Array.from({ length: 5 }, () => here.browser({ cart: 0 })));
    await Promise.all([...others, ...some.map(({ browser }) => browser)].map((browser) => browser.post('/set', { cart: 1 })));
    await Promise.all(some.map(({ watching }) => watching.changed('cart')));
    for (const { hash } of some) await heard(hash);
    expect(new Set(written)).toEqual(new Set(some.map(({ hash }) => hash)));
  });

  // The others do not depend on the repository.
  if (n > 0) return;

  it('one that is watched for its end only is told to none', async () => {
    const [first, browser] = [await watched({}), await here.browser({ user: 'berta' })];
    const [ofUser, hash] = [new Watching(there.sessions, { userId: 'berta' }, CART), notifiedHash(storageKeyIn(browser))];
    watchings.push(ofUser);
    // Announced with all others that the process watches by then.
    await announced(hash);
    await first.browser.post('/set', { cart: 1 });
    await browser.post('/set', { cart: 1 });
    await heard(hash);
    expect(written).toEqual([hash]);
  });

  it('one that only this process watches is told to its own watches at once, and to no other process', async () => {
    const browser = await here.browser({ cart: 0, user: 'carla' });
    const [own, ofUser] = [await watchIn(here, browser), new Watching(here.sessions, { userId: 'carla' }, CART)];
    watchings.push(ofUser);
    await vi.waitFor(() => expect(watchedSomewhere).toContain(notifiedHash(storageKeyIn(browser))), 5000);
    const last = await watched();
    let cart = 0;
    // The watch of a user compares with what it has seen first, so it may not know the first cart.
    await repeatUntil(Promise.all([own.changed('cart'), ofUser.changed('cart')]), () => browser.post('/set', { cart: ++cart }));
    await last.browser.post('/set', { cart: 1 });
    await heard(last.hash);
    expect(written).toEqual([last.hash]);
  });

  it('two watches of one session: if one stops, the other is still told', async () => {
    const { browser, watching } = await watched();
    const third = await start();
    const [other, elsewhere] = [await watchIn(there, browser), await watchIn(third, browser)];
    watching.watch.stop();
    await browser.post('/set', { cart: 1 });
    await Promise.all([other.changed('cart'), elsewhere.changed('cart')]);
    // A whole process that leaves takes none of the others' watches with it.
    await third.app.close();
    await browser.post('/set', { cart: 2 });
    await vi.waitFor(() => expect(other.changes).toHaveLength(2), 5000);
    expect(watching.changes).toEqual([]);
  });

  it('a process that starts later asks which sessions are watched', async () => {
    const { browser, watching, hash } = await watched();
    noted.mockClear();
    const third = await start();
    await announced(hash);
    await third.sessions.update(sessionIdOf(browser), fill(1));
    await watching.changed('cart');
    await third.app.close();
  });

  it('changes of the sessions of a watched user are told', async () => {
    const browser = await here.browser({ cart: 0, user: 'anna' });
    const ofUser = new Watching(there.sessions, { userId: 'anna' }, CART);
    watchings.push(ofUser);
    let cart = 0;
    await repeatUntil(ofUser.changed('cart'), () => browser.post('/set', { cart: ++cart }));
  });
});
