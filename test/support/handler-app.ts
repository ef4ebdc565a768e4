import type { INestApplication } from '@nestjs/common';
import type { Request, Response } from 'express';
import { SmartSessionMiddleware, type SmartSessionModuleOptions } from '../../src/index.js';
import { startTestApp } from './test-app.js';

/** A live session, with whatever a test puts in it. */
export type Session = Request['session'] & Record<string, any>;
/** What a request does with its session; the answer's body. */
export type Handler = (session: Session, request: Request, response: Response) => unknown;

/** An app whose one route runs a handler of the test, and what a client of it sees. */
export async function startHandlerApp(options: Partial<SmartSessionModuleOptions>) {
  let handler: Handler = () => undefined;
  const app: INestApplication = await startTestApp('sqlite', {
    options: { ...options, mount: false, pruneInterval: false },
    prepare: (nest) => {
      const middleware = nest.get(SmartSessionMiddleware);
      nest.use(middleware.use.bind(middleware));
      const handle = async (request: Request, response: Response) => {
        const body = await handler(request.session as Session, request, response);
        if (!response.headersSent) response.json(body ?? null);
      };
      // Express passes on what the promise rejects with.
      nest.use('/handler', (request: Request, response: Response) => handle(request, response));
    },
  });
  const url = `${await app.getUrl()}/handler`;
  return {
    app,
    async ask(cookie: string, by: Handler) {
      handler = by;
      const response = await fetch(url, { headers: { cookie }, signal: AbortSignal.timeout(2000) });
      const [set] = response.headers.getSetCookie();
      return { status: response.status, body: (await response.json().catch(() => undefined)) as any, set, cookie: set?.split(';')[0] ?? cookie };
    },
  };
}
