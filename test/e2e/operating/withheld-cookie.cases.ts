import { Logger } from '@nestjs/common';
import type { RequestHandler } from 'express';
import type { SmartSessionModuleOptions } from '../../../src/index.js';
import { IS_EXPRESS } from '../../support/platform.js';
import { startHandlerApp, type Handler, type Way } from '../../support/handler-app.js';

const WARNING = /^A session was stored, but its cookie was not sent: .*`secure: true`.*over http\. .*`app\.set\('trust proxy', 1\)`/;

const storing: Handler = (session) => void (session.a = (session.a ?? 0) + 1);
const storingSecurely: Handler = (session) => {
  session.a = 1;
  session.cookie.secure = true;
};
const storingNothing: Handler = () => undefined;
const loggingIn: Handler = (session, request) =>
  new Promise<void>((resolve) => session.regenerate(() => resolve(void Object.assign(request.session, { user: 'anna' }))));

/** Behind a proxy that the platform trusts, whose clients come by this protocol. */
const behindProxy =
  (protocol: string): RequestHandler =>
  (request, _response, next) => {
    if (IS_EXPRESS) request.app.set('trust proxy', 1);
    // On Fastify this middleware runs after the protocol is known.
    else Object.assign(request, { protocol });
    request.headers['x-forwarded-proto'] = protocol;
    next();
  };

describe('a session whose cookie has `secure`', () => {
  /** The warnings of three requests of one client. */
  async function warningsOf(
    options: SmartSessionModuleOptions,
    handler: Handler,
    protocol = 'http',
    way: Way = 'nest',
  ): Promise<{ warnings: string[]; cookie: string }> {
    const warnings: string[] = [];
    const { app, ask } = await startHandlerApp(options, behindProxy(protocol));
    Logger.overrideLogger({ log() {}, error() {}, debug() {}, warn: (line: string) => warnings.push(line) });
    let cookie = '';
    for (let n = 0; n < 3; n++) ({ cookie } = await ask(cookie, handler, way));
    Logger.overrideLogger(false);
    await app.close();
    return { warnings, cookie };
  }

  const secure = { cookie: { secure: true } } as const;

  it.each<[string, SmartSessionModuleOptions, Handler, Way]>([
    ['the option', secure, storing, 'nest'],
    ['the option, of an answer past the interceptors', secure, storing, 'handler'],
    ['the option, with `rolling`', { ...secure, rolling: true }, storing, 'nest'],
    ['the option, with a max age', { cookie: { secure: true, maxAge: 60_000 } }, storing, 'nest'],
    ['the option, of a login', secure, loggingIn, 'nest'],
    ['a prefix of the name', { name: '__Host-sid', ...secure }, storing, 'nest'],
    ['a function', { cookie: () => ({ secure: true }) }, storing, 'nest'],
    ['a handler', {}, storingSecurely, 'nest'],
  ])('by %s: one warning when it is stored by http', async (_what, options, handler, way) => {
    expect(await warningsOf(options, handler, 'http', way)).toEqual({ warnings: [expect.stringMatching(WARNING)], cookie: '' });
  });

  it.each<[string, SmartSessionModuleOptions, Handler, string]>([
    ['by https', secure, storing, 'https'],
    ["by http, with `secure: 'auto'`", { cookie: { secure: 'auto' } }, storing, 'http'],
    ['by http, with `secure: false`', { cookie: { secure: false } }, storing, 'http'],
    ['by http, and nothing is stored', secure, storingNothing, 'http'],
  ])('gives no warning %s', async (_what, options, handler, protocol) => {
    const { warnings, cookie } = await warningsOf(options, handler, protocol);
    expect(warnings).toEqual([]);
    expect(cookie !== '').toBe(handler === storing);
  });
});
