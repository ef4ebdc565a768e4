import { createReadStream, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { PassThrough, Readable, Writable, pipeline } from 'node:stream';
import { StreamableFile } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Response } from 'express';
import { GatedApp } from '../support/gated-app.js';

const FILE = join(tmpdir(), `smart-session-refused-${process.pid}`);
const SIZE = 400_000;
writeFileSync(FILE, Buffer.alloc(SIZE, 'x'));

/** Headers that describe the answer, or make a proxy, a cache or the browser act on it. */
const OF_THE_ANSWER = {
  'x-accel-redirect': '/protected/report.pdf',
  'x-accel-buffering': 'no',
  'x-accel-expires': '600',
  'x-sendfile': '/protected/report.pdf',
  'x-lighttpd-send-file': '/protected/report.pdf',
  'x-reproxy-url': 'http://backend/report.pdf',
  'content-md5': 'Q2hlY2s=',
  digest: 'sha-256=abc',
  'content-digest': 'sha-256=:abc:',
  'repr-digest': 'sha-256=:abc:',
  etag: '"1"',
  'last-modified': 'Tue, 01 Jan 2030 00:00:00 GMT',
  'cache-control': 'public, max-age=600',
  'cdn-cache-control': 'max-age=600',
  'surrogate-control': 'max-age=600',
  'surrogate-key': 'a',
  expires: 'Tue, 01 Jan 2030 00:00:00 GMT',
  age: '1',
  pragma: 'cache',
  location: '/next',
  refresh: '0; url=/next',
  'hx-redirect': '/next',
  'hx-trigger': 'saved',
  'turbo-location': '/next',
  link: '</a.css>; rel=preload',
  'clear-site-data': '"cookies"',
  'content-disposition': 'attachment',
  'content-encoding': 'gzip',
  'content-language': 'de',
  'content-location': '/a',
  'content-range': 'bytes 0-1/2',
  'accept-ranges': 'bytes',
  trailer: 'Digest',
  'set-cookie': 'a=1',
  'x-total-count': '3',
  sourcemap: '/a.map',
  'www-authenticate': 'Basic',
  'proxy-authenticate': 'Basic',
  'service-worker-allowed': '/',
  allow: 'GET',
  'preference-applied': 'respond-async',
  'retry-after': '3600',
};

/** Headers that stay true of an error. */
const KEPT = {
  'access-control-allow-origin': 'https://a.example',
  'access-control-allow-credentials': 'true',
  'access-control-expose-headers': 'X-Request-Id',
  'strict-transport-security': 'max-age=1',
  'content-security-policy': "default-src 'none'",
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'permissions-policy': 'camera=()',
  'cross-origin-resource-policy': 'same-site',
  'x-request-id': 'r1',
  'x-correlation-id': 'c1',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  'ratelimit-remaining': '3',
  'x-ratelimit-limit': '5',
  'x-powered-by': 'Express',
  'alt-svc': 'clear',
  'server-timing': 'db',
  'reporting-endpoints': 'a="/a"',
};

describe('a refused answer', () => {
  let app: GatedApp;

  beforeAll(async () => {
    app = await GatedApp.start();
    app.breakCommits();
  });
  afterAll(async () => {
    await app.close();
    rmSync(FILE);
  });

  it.each([
    ['write', (response: Response) => response.write('x')],
    ['end', (response: Response) => response.end('x')],
  ] as const)(
    'drops the headers that belong to the answer, and keeps those that belong to the app, when %s was held',
    async (_call, send) => {
      const response = await app.answer(({ session }, res) => {
        session.a = 1;
        for (const [name, value] of Object.entries({ ...OF_THE_ANSWER, ...KEPT })) res.setHeader(name, value);
        res.vary('Origin');
        send(res);
        if (!res.writableEnded) res.end();
      });
      expect(response.status).toBe(503);
      const { date: _date, connection: _connection, 'keep-alive': _keepAlive, 'content-length': _length, ...headers } = response.headers;
      expect(headers).toEqual({ ...KEPT, vary: 'Origin, Cookie', 'retry-after': '1', 'content-type': 'application/json; charset=utf-8' });
    },
  );

  describe('of a stream', () => {
    type Send = (source: Readable, response: Response) => unknown;
    const ways: Record<string, Send> = {
      'stream.pipe': (source, response) => source.pipe(response),
      'stream.pipe, after a line': (source, response) => {
        response.write('line\n');
        source.pipe(response);
      },
      'stream.pipe, through another stream': (source, response) => source.pipe(new PassThrough()).pipe(response),
      pipeline: (source, response) => pipeline(source, response, () => undefined),
      StreamableFile: (source, response) => new ExpressAdapter().reply(response, new StreamableFile(source)),
      'a web stream': (source, response) =>
        (Readable.toWeb(source) as ReadableStream).pipeTo(Writable.toWeb(response) as WritableStream).catch(() => undefined),
      'a stream made of a web stream': (source, response) => Readable.fromWeb(Readable.toWeb(source) as never).pipe(response),
    };
    const sources: Record<string, () => Readable> = {
      'a file': () => createReadStream(FILE),
      'an endless source': () => Readable.from(endless()),
      'a source that pauses': () => new Readable({ read() {} }),
    };
    const cases = Object.keys(ways).flatMap((way) => Object.keys(sources).map((source) => [way, source] as const));

    it.each(cases)('closes its source: %s of %s', async (way, kind) => {
      const source = sources[kind]!();
      source.on('error', () => undefined);
      if (kind === 'a source that pauses') source.push('x');
      const response = await app.answer(({ session }, res) => {
        session.a = 1;
        void ways[way]!(source, res);
      });
      expect(response.status).toBe(503);
      await closed(source);
    });

    it('lets a loop that waits for drain read its source to the end', async () => {
      const source = createReadStream(FILE);
      await app.answer(async ({ session }, res) => {
        session.a = 1;
        for await (const chunk of source) if (!res.write(chunk)) await once(res, 'drain');
        res.end();
      });
      await closed(source);
    });

    it('leaves a source alone that has another reader', async () => {
      const source = new PassThrough();
      const copy: Buffer[] = [];
      source.on('data', (chunk: Buffer) => copy.push(chunk));
      await app.answer(({ session }, res) => {
        session.a = 1;
        source.pipe(res);
        source.write('first ');
      });
      source.write('second');
      while (Buffer.concat(copy).length < 12) await new Promise(setImmediate);
      expect([Buffer.concat(copy).toString(), source.destroyed]).toEqual(['first second', false]);
    });

    it('has no more open files than before: 50 files', async () => {
      const openFiles = () => readdirSync('/proc/self/fd').length;
      const before = openFiles();
      const streams: Readable[] = [];
      await Promise.all(
        Array.from({ length: 50 }, () =>
          app.answer(({ session }, res) => {
            session.a = 1;
            streams.push(createReadStream(FILE).on('error', () => undefined));
            streams.at(-1)!.pipe(res);
          }),
        ),
      );
      await Promise.all(streams.map(closed));
      expect(openFiles() - before).toBeLessThan(10);
    });
  });

  describe('that was cut off, because bytes had left', () => {
    it('closes its source', async () => {
      const source = new Readable({ read() {} });
      source.push('first');
      const answered = app.answer(({ session }, res) => {
        source.pipe(res);
        source.once('data', () =>
          setImmediate(() => {
            session.a = 1;
            res.end();
          }),
        );
      });
      await expect(answered).rejects.toThrow(/aborted|hang up/);
      await closed(source);
    });
  });
});

/** Waits until a source has closed what it reads from. */
async function closed(source: Readable): Promise<void> {
  if (!source.closed) await new Promise((resolve) => source.once('close', resolve));
}

async function* endless(): AsyncGenerator<string> {
  for (;;) {
    await new Promise(setImmediate);
    yield 'x'.repeat(1000);
  }
}
