import { once } from 'node:events';
import { get, ServerResponse, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createGunzip } from 'node:zlib';
import compression from 'compression';
import express, { type Express, type Response } from 'express';
import { Browser } from '../support/browser.js';
import { GatedApp } from '../support/gated-app.js';
import { answersIn, pipeline } from '../support/raw-http.js';

type Program = (response: Response, note: (seen: unknown) => void) => unknown;

/** Notes the code of the error that a call throws. */
const trying = (call: () => unknown) => {
  try {
    call();
    return 'no error';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
};

const head =
  (headers: unknown): Program =>
  (response, note) => {
    note(trying(() => response.writeHead(200, headers as never)));
    response.end('ok');
  };

/** Calls whose answers are those of a response without a session. The commit ends after the first of them. */
const PROGRAMS: Record<string, Program> = {
  'write and flushHeaders, then wait for drain': async (response) => {
    const isFull = !response.write('a');
    response.flushHeaders();
    if (isFull) await once(response, 'drain', { signal: AbortSignal.timeout(2000) });
    response.end('b');
  },
  'headers in a flat list': head(['X-A', '1', 'X-A', '2', 'X-B', '3']),
  'a flat list whose value is a list': head(['X-A', ['1', '2'], 'X-B', '3']),
  'a flat list with one value that is a list': head(['Link', ['<a>', '<b>']]),
  'a flat list without the last value': head(['X-A', '1', 'X-B']),
  'a header without a name': head({ '': '1', 'X-B': '2' }),
  'a flat list with a header without a name': head(['', '1', 'X-B', '2']),
  'a status message that is invalid': (response, note) => {
    response.statusMessage = 'a\nb';
    note(trying(() => response.end('b')));
    response.statusMessage = '';
    response.end('c');
  },
};

describe('calls of a held response', () => {
  let app: GatedApp;
  let cookie: string;
  let model: Server;
  let onModel: (response: Response) => unknown = () => undefined;

  const bareApp = (prepare: (bare: Express) => unknown) => {
    const bare = express().set('etag', false);
    prepare(bare);
    return bare.listen(0, '127.0.0.1');
  };

  beforeAll(async () => {
    app = await GatedApp.start();
    app.nest.getHttpAdapter().getInstance().set('etag', false);
    const browser = new Browser(app.nest);
    await browser.post('/set', { start: 1 });
    cookie = browser.cookie;
    model = bareApp((bare) => bare.use('/handler', (_request, response) => void onModel(response)));
    await once(model, 'listening');
  });
  afterAll(async () => {
    model.close();
    await app.close();
  });

  const outcomeAt = async (port: number, ran: Promise<unknown>, seen: readonly unknown[]) => {
    const wire = await pipeline(port, ['GET /handler'], cookie);
    await ran;
    return { answers: answersIn(wire, ['GET']), seen };
  };

  it.each(Object.entries(PROGRAMS))('%s', async (_name, program) => {
    const modelSeen: unknown[] = [];
    const modelRan = new Promise((resolve) => {
      onModel = (response) => resolve(program(response, (seen) => modelSeen.push(seen)));
    });
    const expected = await outcomeAt(
      (model.address() as AddressInfo).port,
      modelRan.catch(() => undefined),
      modelSeen,
    );
    const seen: unknown[] = [];
    const called = Promise.withResolvers<void>();
    app.repository.faults = { update: [{ effect: 'none', meanwhile: () => called.promise }] };
    const ran = new Promise((resolve) => {
      app.handler = ({ session }, response) => {
        session.n = Math.random();
        resolve(program(response, (each) => seen.push(each)));
        called.resolve();
      };
    });
    const actual = await outcomeAt(app.port, ran, seen);
    expect(actual).toEqual(expected);
  });

  it('of the end that Node itself has, past the gate, send one error that is well formed', async () => {
    const called = Promise.withResolvers<void>();
    app.repository.faults = { update: [{ effect: 'none', meanwhile: () => called.promise }] };
    app.handler = ({ session }, response) => {
      session.n = Math.random();
      const { socket } = response;
      // Node would wait for another request first.
      response.on('finish', () => socket?.end());
      response.write('held');
      (ServerResponse.prototype.end as (body: string) => unknown).call(response, 'past the gate');
      response.end('held too');
      called.resolve();
    };
    const wire = await pipeline(app.port, ['GET /handler'], cookie);
    expect(answersIn(wire, ['GET'])).toEqual([
      { status: 'HTTP/1.1 500 Internal Server Error', headers: ['connection: close'], body: 'past the gate' },
    ]);
  });

  it('of the flush that compression adds, send what was written before', async () => {
    const squeezed = await GatedApp.start({ before: [compression({ threshold: 0 }) as never] });
    try {
      const browser = new Browser(squeezed.nest);
      await browser.post('/set', { start: 1 });
      const isFirstRead = Promise.withResolvers<void>();
      squeezed.repository.faults = { update: [{ effect: 'none', meanwhile: () => new Promise(setImmediate) }] };
      squeezed.handler = async ({ session }, response) => {
        session.n = Math.random();
        response.type('text');
        response.write('first');
        (response as unknown as { flush(): void }).flush();
        await isFirstRead.promise;
        response.end('second');
      };
      const headers = { cookie: browser.cookie, 'accept-encoding': 'gzip' };
      const [answer] = (await once(get({ port: squeezed.port, path: '/handler', headers }), 'response')) as [IncomingMessage];
      const text = answer.pipe(createGunzip()).setEncoding('utf8');
      expect(await once(text, 'data', { signal: AbortSignal.timeout(5000) })).toEqual(['first']);
      isFirstRead.resolve();
      expect(await once(text, 'data')).toEqual(['second']);
    } finally {
      await squeezed.close();
    }
  });
});
