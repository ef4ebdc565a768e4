import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Response } from 'express';
import fc from 'fast-check';
import { Browser } from '../support/browser.js';
import { GatedApp } from '../support/gated-app.js';
import { answersIn, pipeline, type RawAnswer } from '../support/raw-http.js';
import { anyProgram, run, type Seen, type Step } from '../support/response-program.js';

const IS_LONG = process.env.EXPLORE === 'long';
const RUNS = IS_LONG ? 5000 : 40;

interface Outcome {
  readonly answers: RawAnswer[];
  readonly seen: Seen[];
}

/** How the session is while a program runs, and when its commit ends. */
type Way = 'an unchanged session' | 'a changed session, committed at once' | 'a changed session, committed after all calls';

const WAYS: Way[] = ['an unchanged session', 'a changed session, committed at once', 'a changed session, committed after all calls'];

describe('a response with a session does what one without does', () => {
  let app: GatedApp;
  let browser: Browser;
  let model: Server;
  let onModel: (response: Response) => unknown = () => undefined;

  beforeAll(async () => {
    app = await GatedApp.start();
    app.nest.getHttpAdapter().getInstance().set('etag', false);
    browser = new Browser(app.nest);
    await browser.post('/set', { start: 1 });
    const bare = express().set('etag', false);
    bare.use('/handler', (_request, response) => onModel(response));
    bare.use('/nothing', (_request, response) => void response.type('html').send('nothing'));
    model = bare.listen(0, '127.0.0.1');
    await once(model, 'listening');
  });
  afterAll(async () => {
    model.close();
    await app.close();
  });

  /** Sends a request that runs the program, and another behind it on the same connection. */
  async function send(port: number, method: string, ran: Promise<Seen[]>): Promise<Outcome> {
    const wire = await pipeline(port, [`${method} /handler`, 'GET /nothing'], browser.cookie);
    const seen = await ran;
    // Node calls some callbacks when the connection is closed already.
    await new Promise(setImmediate);
    return { answers: answersIn(wire, [method, 'GET']), seen };
  }

  function expected(program: readonly Step[], method: string): Promise<Outcome> {
    const ran = new Promise<Seen[]>((resolve) => (onModel = (response) => resolve(run(program, response))));
    return send((model.address() as AddressInfo).port, method, ran);
  }

  function actual(program: readonly Step[], method: string, way: Way): Promise<Outcome> {
    const calls = Promise.withResolvers<void>();
    app.repository.faults =
      way === 'a changed session, committed after all calls' ? { update: [{ effect: 'none', meanwhile: () => calls.promise }] } : {};
    const ran = new Promise<Seen[]>((resolve) => {
      app.handler = ({ session }, response) => {
        if (way !== 'an unchanged session') session.n = Math.random();
        resolve(run(program, response, calls.resolve));
      };
    });
    return send(app.port, method, ran);
  }

  it.each(WAYS)(
    'in whatever order it is called, with %s',
    async (way) => {
      await fc.assert(
        fc.asyncProperty(anyProgram, fc.constantFrom('GET', 'HEAD'), async (program, method) => {
          const bare = await expected(program, method);
          const { answers, seen } = await actual(program, method, way);
          expect(answers).toEqual(bare.answers);
          expect(seen).toEqual(bare.seen.map((step, index) => withCallback(step, seen[index]!)));
        }),
        { numRuns: RUNS },
      );
    },
    IS_LONG ? 1_800_000 : undefined,
  );
});

/** Node forgets the callback of an `end` with a body behind the end of a closed response. Here each is called. */
function withCallback(model: Seen, { callbacks }: Seen): Seen {
  const isForgotten = model.call === 'end' && model.hasCallback && model.thrown === 'ok' && model.callbacks.length === 0;
  return isForgotten && callbacks[0] === 'ERR_STREAM_WRITE_AFTER_END' ? { ...model, callbacks: callbacks.slice(0, 1) } : model;
}
