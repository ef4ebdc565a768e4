import serverless from 'serverless-http';
import { answersWithoutServer, type Got } from '../support/without-server.js';

const EVENT = {
  version: '2.0',
  rawPath: '/handler',
  rawQueryString: '',
  headers: {},
  requestContext: { http: { method: 'GET', path: '/handler' } },
};

describe('an app that serverless-http calls', () => {
  answersWithoutServer(async (app) => {
    const answer = await serverless(app.nest.getHttpAdapter().getInstance())(EVENT, {});
    const { statusCode, body, cookies = [] } = answer as { statusCode: number; body: string; cookies?: string[] };
    return { status: statusCode, body, cookies: cookies.length } satisfies Got;
  });
});
