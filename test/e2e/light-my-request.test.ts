import { IncomingMessage, ServerResponse } from 'node:http';
import { request, response } from 'express';
import inject from 'light-my-request';
import { answersWithoutServer } from '../support/without-server.js';

describe('an app that light-my-request calls', () => {
  // It changes the prototypes of all requests and responses of Express.
  afterAll(() => {
    Object.setPrototypeOf(request, IncomingMessage.prototype);
    Object.setPrototypeOf(response, ServerResponse.prototype);
  });

  answersWithoutServer(async (app) => {
    const { statusCode, payload, cookies } = await inject(app.nest.getHttpAdapter().getInstance(), { url: '/handler' });
    return { status: statusCode, body: payload, cookies: cookies.length };
  });
});
