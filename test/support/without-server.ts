import { GatedApp, type GatedHandler } from './gated-app.js';

/** The answer that a caller without a connection gets. */
export interface Got {
  readonly status: number;
  readonly body: string;
  readonly cookies: number;
}

/** The handlers and the bodies of their answers. */
const ANSWERS: Record<string, [GatedHandler, string]> = {
  json: [(_request, response) => response.json({ a: 1 }), '{"a":1}'],
  'writes and an end': [
    (_request, response) => {
      response.write('a');
      response.write('b');
      response.end('c');
    },
    'abc',
  ],
  'writeHead and an end': [(_request, response) => response.writeHead(200, { 'x-a': '1' }).end('abc'), 'abc'],
  'two answers': [
    (_request, response) => {
      response.json({ a: 1 });
      try {
        response.status(500).json({ second: 'answer' });
      } catch {
        response.end();
      }
    },
    '{"a":1}',
  ],
};

/** Tests an app that is called without a connection, as test tools and serverless functions call it. */
export function answersWithoutServer(call: (app: GatedApp) => Promise<Got>): void {
  let app: GatedApp;

  beforeAll(async () => {
    app = await GatedApp.start();
  });
  afterAll(() => app.close());

  it.each(Object.entries(ANSWERS))('answers with %s once the session is stored', async (_what, [answer, body]) => {
    app.heal();
    app.handler = (request, response, next) => {
      request.session.a = 1;
      return answer(request, response, next);
    };
    expect(await call(app)).toEqual({ status: 200, body, cookies: 1 });
    app.breakCommits();
    expect(await call(app)).toEqual({ status: 503, body: '{"statusCode":503,"message":"Session unavailable"}', cookies: 0 });
  });
}
