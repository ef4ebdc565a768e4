import type { INestApplication } from '@nestjs/common';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { SessionRepository, SmartSessionMiddleware, type SmartSessionModuleOptions } from '../../src/index.js';
import { Browser } from './browser.js';
import { FaultyRepository, type Fault } from './faulty-repository.js';
import { startTestApp } from './test-app.js';

/** A handler outside Nest's pipeline, where only the gate commits before the answer. */
export type GatedHandler = (request: Request & { session: any }, response: Response, next: NextFunction) => unknown;

export interface GatedAppSettings {
  readonly options?: Partial<SmartSessionModuleOptions>;
  /** Middleware that runs before the sessions. */
  readonly before?: readonly RequestHandler[];
  /** Middleware that runs after the sessions. */
  readonly after?: readonly RequestHandler[];
}

/** An app on SQLite whose `/handler` a test replaces and whose commits a test can break. The gate does not depend on the database. */
export class GatedApp {
  handler: GatedHandler = (_request, response) => response.end();

  private constructor(readonly nest: INestApplication) {}

  static async start({ options, before = [], after = [] }: GatedAppSettings = {}): Promise<GatedApp> {
    let app: GatedApp | undefined;
    const nest = await startTestApp('sqlite', {
      options: { repository: FaultyRepository, mount: false, maxAttempts: 1, ...options },
      prepare: (prepared) => {
        const middleware = prepared.get(SmartSessionMiddleware);
        for (const handler of [...before, middleware.use.bind(middleware) as RequestHandler, ...after]) prepared.use(handler);
        prepared.use('/handler', (request: Request, response: Response, next: NextFunction) =>
          app?.handler(request as never, response, next),
        );
      },
    });
    app = new GatedApp(nest);
    return app;
  }

  get repository(): FaultyRepository {
    return this.nest.get(SessionRepository);
  }

  get port(): number {
    return (this.nest.getHttpServer().address() as { port: number }).port;
  }

  /** Makes every commit fail until `heal`. */
  breakCommits(): void {
    const fault: Fault = { kind: 'failed', effect: 'none' };
    const endless = new Proxy([], { get: (target, name) => (name === 'shift' ? () => fault : Reflect.get(target, name)) });
    this.repository.faults = { insert: endless, update: endless };
  }

  heal(): void {
    this.repository.faults = {};
  }

  /** Answers a request for `/handler` with this handler. */
  answer(handler: GatedHandler, browser = new Browser(this.nest)): ReturnType<Browser['get']> {
    this.handler = handler;
    return browser.get('/handler');
  }

  close(): Promise<void> {
    return this.nest.close();
  }
}
