import { once } from 'node:events';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ConflictException,
  Controller,
  Injectable,
  Module,
  Post,
  Req,
  RequestTimeoutException,
  Res,
  Session,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import type { Request, Response } from 'express';
import { Observable } from 'rxjs';
import { LockSession, SessionLockLostError, SessionService } from '../../src/index.js';
import { Browser } from '../support/browser.js';
import { DATABASES } from '../support/databases.js';
import { takeOver } from '../support/platform.js';
import { SessionsApp, storageKeyIn } from '../support/sessions-app.js';

type Live = Record<string, any>;

/** Does what rxjs's `timeout` does, when the handler has begun. Inside of the module's own interceptor. */
@Injectable()
class TimeoutInterceptor implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return new Observable((subscriber) => {
      const handling = next.handle().subscribe({
        next: (value) => subscriber.next(value),
        error: (error: unknown) => subscriber.error(error),
        complete: () => subscriber.complete(),
      });
      void stage.isBegun.then(() => {
        handling.unsubscribe();
        subscriber.error(new RequestTimeoutException());
      });
    });
  }
}

/** Outside of it, by the order of the modules. */
@Injectable()
class OuterInterceptor extends TimeoutInterceptor {
  override intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return context.switchToHttp().getRequest<Request>().url.startsWith('/slow-outside') ? super.intercept(context, next) : next.handle();
  }
}

/** What a handler waits for, and what tells of it. */
const stage = {
  go: Promise.resolve() as Promise<unknown>,
  isBegun: new Promise<void>(() => {}),
  begun: () => {},
  ended: (_result: unknown) => {},
};

/** Lets one handler begin and wait; tells when it has ended. */
function raise() {
  let go = () => {};
  stage.go = new Promise<void>((resolve) => (go = resolve));
  const begun = new Promise<void>((resolve) => (stage.begun = resolve));
  stage.isBegun = begun;
  const ended = new Promise<unknown>((resolve) => (stage.ended = resolve));
  return { begun, finish: () => (go(), ended) };
}

async function slowly(request: Request): Promise<void> {
  const session = request.session as Live;
  session.before = 1;
  stage.begun();
  await stage.go;
  session.after = 1;
  const saved = new Promise((resolve) => request.session.save(resolve));
  stage.ended(await saved);
}

/** Reads now, and writes and answers in a callback. */
function later(session: Live, answer: (n: number) => void): void {
  const n = (session.n ?? 0) + 1;
  setTimeout(() => {
    session.n = n;
    answer(n);
  }, 30);
}

@Controller()
class EndingsController {
  constructor(private readonly sessions: SessionService) {}

  @Post('slow-outside') @LockSession() slowOutside(@Req() request: Request): Promise<void> {
    return slowly(request);
  }
  @Post('slow-inside') @LockSession() @UseInterceptors(TimeoutInterceptor) slowInside(@Req() request: Request): Promise<void> {
    return slowly(request);
  }
  @Post('slow-outside-update') @LockSession() async slowUpdate(@Req() request: Request): Promise<void> {
    stage.begun();
    await stage.go;
    stage.ended(
      await this.sessions
        .update(request.session, (draft: Live) => {
          draft.after = 1;
        })
        .catch((error: unknown) => error),
    );
  }
  @Post('slow-outside-broken') @LockSession() async broken(@Session() session: Live): Promise<void> {
    session.broken = 1n;
    stage.begun();
    await stage.go;
    stage.ended(undefined);
  }
  @Post('slow-outside-logout') @LockSession() async logout(@Session() session: Live): Promise<void> {
    session.late = 1;
    await this.sessions.destroy(session.id);
    stage.begun();
    await stage.go;
    stage.ended(undefined);
  }
  @Post('locked') @LockSession() locked(@Session() session: Live): object {
    session.others = (session.others ?? 0) + 1;
    return { others: session.others };
  }
  @Post('json') @LockSession() json(@Session() session: Live, @Res() response: Response): void {
    later(session, (n) => response.send({ n }));
  }
  @Post('redirect') @LockSession() redirect(@Session() session: Live, @Res() response: Response): void {
    later(session, () => response.status(302).redirect('/elsewhere'));
  }
  @Post('stream') @LockSession() stream(@Session() session: Live, @Res() response: Response): void {
    later(session, (n) => Readable.from([`{"n":`, `${n}}`]).pipe(takeOver(response)));
  }
  @Post('awaited') @LockSession() async awaited(@Session() session: Live, @Res() response: Response): Promise<void> {
    await new Promise<void>((resolve) => later(session, (n) => (response.send({ n }), resolve())));
  }
  @Post('passthrough') @LockSession() async passthrough(
    @Session() session: Live,
    @Res({ passthrough: true }) response: Response,
  ): Promise<object> {
    response.header('X-Passed', 'through');
    return new Promise((resolve) => later(session, (n) => resolve({ n })));
  }
  @Post('at-once') @LockSession() atOnce(@Session() session: Live, @Res() response: Response): void {
    session.n = (session.n ?? 0) + 1;
    response.send({ n: session.n });
  }
  @Post('answered-and-thrown') @LockSession() thrown(@Session() session: Live, @Res() response: Response): void {
    session.n = (session.n ?? 0) + 1;
    response.send({ n: session.n });
    throw new ConflictException();
  }
  @Post('never') @LockSession({ lease: 200 }) never(@Session() session: Live, @Res() _response: Response): void {
    session.never = 1;
    stage.begun();
  }
  @Post('gone') @LockSession() gone(@Session() session: Live, @Req() { socket }: Request, @Res() response: Response): void {
    stage.begun();
    void Promise.all([once(socket, 'close'), stage.go]).then(() => {
      session.gone = 1;
      response.send({});
      stage.ended(undefined);
    });
  }
}

@Module({ controllers: [EndingsController], providers: [{ provide: APP_INTERCEPTOR, useClass: OuterInterceptor }] })
class EndingsModule {}

describe.each(DATABASES)('the end of a lock on %s', (database) => {
  let app: SessionsApp;
  let browser: Browser;

  beforeAll(async () => {
    app = await SessionsApp.start(database, { tableName: `lock_endings_${database}` }, { imports: [EndingsModule] });
  });
  beforeEach(async () => {
    browser = await app.browser({ start: 1 });
  });
  afterAll(() => app.close());

  const lease = async () => (await app.run(`select lease_id from {table} where session_id = '${storageKeyIn(browser)}'`))[0]?.lease_id;

  it.each(['/slow-outside', '/slow-inside'])('%s: commits what was written when the handler timed out, and nothing later', async (path) => {
    const handler = raise();
    const answer = browser.post(path);
    await handler.begun;
    expect((await answer).status).toBe(408);
    expect(await browser.session()).toEqual({ start: 1, before: 1 });
    expect((await browser.post('/locked')).body).toEqual({ others: 1 });
    expect(await handler.finish()).toBeInstanceOf(SessionLockLostError);
    expect(await browser.session()).toEqual({ start: 1, before: 1, others: 1 });
    expect(await lease()).toBeNull();
  });

  it('lets no update() take effect after the handler timed out', async () => {
    const handler = raise();
    const answer = browser.post('/slow-outside-update');
    await handler.begun;
    expect((await answer).status).toBe(408);
    expect(await handler.finish()).toBeInstanceOf(SessionLockLostError);
    expect(await browser.session()).toEqual({ start: 1 });
  });

  it.each([
    ['broken', 500, { start: 1 }],
    ['logout', 408, {}],
  ] as const)('stores nothing of a handler that timed out: %s is answered with %i', async (name, status, stored) => {
    const handler = raise();
    expect((await browser.post(`/slow-outside-${name}`)).status).toBe(status);
    expect(await browser.session()).toEqual(stored);
    await handler.finish();
    // The response does not wait for the release.
    while (await lease()) await sleep(5);
  });

  it.each(['json', 'redirect', 'stream', 'awaited', 'passthrough', 'at-once'])('waits for the answer of /%s', async (path) => {
    const answers = await Promise.all(Array.from({ length: 3 }, () => browser.post(`/${path}`)));
    expect(new Set(answers.map(({ status }) => status)).size).toBe(1);
    expect(await browser.session()).toEqual({ start: 1, n: 3 });
  });

  it('comes when a handler throws after it has answered', async () => {
    await Promise.all([browser.post('/answered-and-thrown'), browser.post('/json')]);
    expect(await browser.session()).toEqual({ start: 1, n: 2 });
    expect((await browser.post('/locked')).status).toBe(201);
  });

  it('comes with the lease where a handler never answers', async () => {
    const handler = raise();
    const abort = new AbortController();
    const asked = fetch(`${await app.app.getUrl()}/never`, {
      method: 'POST',
      headers: { cookie: browser.cookie },
      signal: abort.signal,
    }).catch(() => undefined);
    await handler.begun;
    expect((await browser.post('/locked')).body).toEqual({ others: 1 });
    expect(await browser.session()).toEqual({ start: 1, never: 1, others: 1 });
    abort.abort();
    await asked;
  });

  it('waits for a handler whose client has gone', async () => {
    const handler = raise();
    const abort = new AbortController();
    const asked = fetch(`${await app.app.getUrl()}/gone`, {
      method: 'POST',
      headers: { cookie: browser.cookie },
      signal: abort.signal,
    }).catch(() => undefined);
    await handler.begun;
    abort.abort();
    await asked;
    const next = browser.post('/locked');
    expect(await browser.session()).toEqual({ start: 1 });
    void handler.finish();
    expect((await next).body).toEqual({ others: 1 });
    expect(await browser.session()).toEqual({ start: 1, gone: 1, others: 1 });
  });
});
