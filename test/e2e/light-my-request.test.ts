import inject from 'light-my-request';
import { answersWithoutServer } from '../support/without-server.js';

// In a file of its own, because it changes the prototype of every response of Express.
describe('an app that light-my-request calls', () => {
  answersWithoutServer(async (app) => {
    const { statusCode, payload, cookies } = await inject(app.nest.getHttpAdapter().getInstance(), { url: '/handler' });
    return { status: statusCode, body: payload, cookies: cookies.length };
  });
});
