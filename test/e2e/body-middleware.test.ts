import { randomBytes } from 'node:crypto';
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { Readable, Writable, pipeline } from 'node:stream';
import { StreamableFile } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import compression from 'compression';
import type { RequestHandler, Response } from 'express';
import morgan from 'morgan';
import { GatedApp } from '../support/gated-app.js';

// Hardly compressible, so that compression's stream is full now and then.
const SIZES = { 'no byte': 0, 'a few bytes': 100, 'many buffers': 120_000 };
const FOLDER = mkdtempSync(join(tmpdir(), 'smart-session-bodies-'));
const bodies = Object.fromEntries(Object.entries(SIZES).map(([size, length]) => [size, randomBytes(length / 2).toString('hex')]));
for (const [size, body] of Object.entries(bodies)) writeFileSync(join(FOLDER, `${size}.txt`), body);

/** Waits for the end, and sends the whole body with a line more, as connect-livereload does with its script. */
const inject: RequestHandler = (_request, response, next) => {
  const { write, end } = response;
  const chunks: Buffer[] = [];
  const add = (chunk: unknown) => typeof chunk !== 'function' && chunk && chunks.push(Buffer.from(chunk as string));
  response.write = ((chunk: unknown) => Boolean(add(chunk)) || true) as never;
  response.end = ((chunk: unknown) => {
    add(chunk);
    Object.assign(response, { write, end });
    if (!response.headersSent) response.removeHeader('Content-Length');
    return response.end(Buffer.concat([...chunks, Buffer.from('injected')]));
  }) as never;
  next();
};

/** Decides by the head what becomes of the body, as a middleware does that rewrites HTML alone. */
const upperCase: RequestHandler = (_request, response, next) => {
  const { writeHead, write, end } = response;
  let isText = false;
  response.writeHead = function (this: Response, ...parameters: unknown[]) {
    isText = String(this.getHeader('Content-Type')).startsWith('text/');
    if (isText) this.removeHeader('Content-Length');
    return (writeHead as (...given: unknown[]) => unknown).apply(this, parameters);
  } as never;
  const change = (chunk: unknown) =>
    isText && chunk && typeof chunk !== 'function'
      ? Buffer.from(chunk as string)
          .toString()
          .toUpperCase()
      : chunk;
  const headFirst = (response_: Response) => response_.headersSent || response_.writeHead(response_.statusCode);
  response.write = function (this: Response, chunk: unknown, ...rest: unknown[]) {
    headFirst(this);
    return (write as (...given: unknown[]) => unknown).call(this, change(chunk), ...rest);
  } as never;
  response.end = function (this: Response, chunk: unknown, ...rest: unknown[]) {
    headFirst(this);
    return (end as (...given: unknown[]) => unknown).call(this, change(chunk), ...rest);
  } as never;
  next();
};

interface Middleware {
  readonly use: RequestHandler;
  readonly changes?: (body: string) => string;
}

const MIDDLEWARE: Record<string, Middleware> = {
  'compression of everything': { use: compression({ threshold: 0 }) },
  'compression as it comes': { use: compression() },
  morgan: { use: morgan('combined', { stream: { write: () => undefined } }) },
  'an injector': { use: inject, changes: (body) => `${body}injected` },
  'a rewriter': { use: upperCase, changes: (body) => body.toUpperCase() },
};

type Send = (response: Response, file: string) => unknown;

const WAYS: Record<string, Send> = {
  pipe: (response, file) => createReadStream(file).pipe(response),
  'pipe, after flushHeaders': (response, file) => {
    response.flushHeaders();
    createReadStream(file).pipe(response);
  },
  'pipe, after writeHead': (response, file) => createReadStream(file).pipe(response.writeHead(200)),
  pipeline: (response, file) => pipeline(createReadStream(file), response, () => undefined),
  'pipeline of a generator': (response, file) =>
    pipeline(
      async function* () {
        yield* createReadStream(file);
      },
      response,
      () => undefined,
    ),
  sendFile: (response, file) => response.sendFile(file),
  'once drain': async (response, file) => {
    for await (const chunk of createReadStream(file, { highWaterMark: 4096 })) if (!response.write(chunk)) await once(response, 'drain');
    response.end();
  },
  'on drain': (response, file) => {
    const source = createReadStream(file);
    source.on('data', (chunk) => response.write(chunk) || source.pause()).on('end', () => response.end());
    response.on('drain', () => source.resume());
  },
  'a web stream': (response, file) =>
    (Readable.toWeb(createReadStream(file)) as ReadableStream).pipeTo(Writable.toWeb(response) as WritableStream),
  StreamableFile: (response, file) => new ExpressAdapter().reply(response, new StreamableFile(createReadStream(file))),
};

const CASES = Object.keys(WAYS).flatMap((way) => Object.keys(SIZES).map((size) => ({ way, size })));

afterAll(() => rmSync(FOLDER, { recursive: true }));

describe.each(Object.entries(MIDDLEWARE))('%s', (_name, { use, changes = (body) => body }) => {
  it.each(['before', 'after'] as const)('answers whole with a changed session when it is mounted %s the sessions', async (place) => {
    const app = await GatedApp.start({ [place]: [use] });
    app.handler = ({ session, query }, response) => {
      session.a = 1;
      response.type('text/plain');
      void WAYS[query.way as string]!(response, join(FOLDER, `${query.size as string}.txt`));
    };
    const answers = await Promise.all(
      CASES.map(async (one) => {
        const url = `http://127.0.0.1:${app.port}/handler?${new URLSearchParams(one)}`;
        const head = one.size === 'no byte' ? await fetch(url, { method: 'HEAD' }) : { status: 200 };
        const answer = await fetch(url, { signal: AbortSignal.timeout(30_000) }).then((response) => response.text(), String);
        return { ...one, head: head.status, isWhole: answer === changes(bodies[one.size]!) || answer.slice(0, 100) };
      }),
    );
    await app.close();
    expect(answers).toEqual(CASES.map((one) => ({ ...one, head: 200, isWhole: true })));
  });
});
