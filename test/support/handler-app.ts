import { Controller, Get, Module, Req, Res, type INestApplication } from '@nestjs/common';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { SmartSessionMiddleware, type SmartSessionModuleOptions } from '../../src/index.js';
import { answerJson, nodeResponse } from './platform.js';
import { startTestApp } from './test-app.js';

/** A live session that accepts all values of a test. */
export type Session = Request['session'] & Record<string, any>;
/** The work of a request with its session. Returns the body of the answer. */
export type Handler = (session: Session, request: Request, response: Response) => unknown;

/** Runs the handler of a test in Nest's pipeline. */
@Controller()
class HandlerController {
  static handler: Handler = () => undefined;
  @Get('nest') async handle(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<unknown> {
    return (await HandlerController.handler(request.session as Session, request, nodeResponse(response) as Response)) ?? null;
  }
}

@Module({ controllers: [HandlerController] })
class HandlerModule {}

/** The route of a handler: outside Nest's pipeline, where only the gate commits, or inside. */
export type Way = 'handler' | 'nest';

/**
 * Starts an app whose routes run a handler of the test. Returns it with a client.
 *
 * @param before middleware before the sessions
 */
export async function startHandlerApp(options: Partial<SmartSessionModuleOptions>, before?: RequestHandler) {
  const app: INestApplication = await startTestApp('sqlite', {
    imports: [HandlerModule],
    options: { ...options, mount: false, pruneInterval: false },
    prepare: (nest) => {
      const middleware = nest.get(SmartSessionMiddleware);
      if (before) nest.use(before);
      nest.use(middleware.use.bind(middleware));
      const handle = async (request: Request, response: Response) => {
        const body = await HandlerController.handler(request.session as Session, request, response);
        if (response.headersSent) return;
        answerJson(response, body ?? null);
      };
      nest.use(
        '/handler',
        (request: Request, response: Response, next: NextFunction) => void handle(request, response).then(undefined, next),
      );
    },
  });
  const url = await app.getUrl();
  return {
    app,
    async ask(cookie: string, by: Handler, way: Way = 'handler') {
      HandlerController.handler = by;
      const response = await fetch(`${url}/${way}`, { headers: { cookie }, signal: AbortSignal.timeout(30_000) });
      const [set] = response.headers.getSetCookie();
      return {
        status: response.status,
        body: (await response.json().catch(() => undefined)) as any,
        set,
        cookie: set?.split(';')[0] ?? cookie,
      };
    },
  };
}
