import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { HttpException } from '@nestjs/common';
import { vi } from 'vitest';
import session from 'express-session';
import { clearingCookie } from '../../src/http/clearing-cookie.js';
import { callWhenOver } from '../../src/http/end-callback.js';
import { keepErrorHeaders } from '../../src/http/error-headers.js';
import { destroyPipedSources } from '../../src/http/piped-sources.js';
import { requestCookie, signedCookie } from '../../src/http/request-cookie.js';
import { bodyOf, hasCallback, refuseWrongBody } from '../../src/http/response-body.js';
import { applyHead } from '../../src/http/response-head.js';
import { announceRetry } from '../../src/http/retry-after.js';
import { SessionLockedError, SessionTooLargeError, SessionUnavailableError } from '../../src/index.js';

const response = () => new ServerResponse(new IncomingMessage(new Socket()));
const nothing = () => undefined;
/** Lets what is due in this turn of the event loop happen. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('clearing-cookie', () => {
  it('expires the cookie under the same name, domain and path', () => {
    const cookie = new session.Cookie();
    Object.assign(cookie, { domain: 'shop.example', path: '/app', secure: true, maxAge: 60_000 });
    const cleared = clearingCookie('sid', cookie);
    expect(cleared).toMatch(/^sid=; /);
    for (const part of ['Domain=shop.example', 'Path=/app', 'Secure', 'HttpOnly', 'Expires=Thu, 01 Jan 1970'])
      expect(cleared).toContain(part);
  });
});

describe('end-callback', () => {
  it('calls back once when the response has finished', () => {
    const [over, callback] = [response(), vi.fn()];
    callWhenOver(over, callback);
    over.emit('finish');
    over.emit('close');
    expect(callback.mock.calls).toEqual([[]]);
  });

  it('calls back with an error when the response is cut off', () => {
    const [over, callback] = [response(), vi.fn()];
    callWhenOver(over, callback);
    over.emit('close');
    over.emit('finish');
    expect(callback.mock.calls).toEqual([[expect.objectContaining({ code: 'ERR_STREAM_DESTROYED' })]]);
  });

  it('calls back with an error where the response was over before', async () => {
    const [finished, destroyed] = [vi.fn(), vi.fn()];
    callWhenOver(Object.defineProperty(response(), 'writableFinished', { value: true }), finished);
    callWhenOver(response().destroy(), destroyed);
    await settled();
    expect(finished).toHaveBeenCalledWith(expect.objectContaining({ code: 'ERR_STREAM_ALREADY_FINISHED' }));
    expect(destroyed).toHaveBeenCalledWith(expect.objectContaining({ code: 'ERR_STREAM_DESTROYED' }));
  });

  it('calls nothing after it was stopped', () => {
    const [over, callback] = [response(), vi.fn()];
    callWhenOver(over, callback)();
    over.emit('finish');
    expect(callback).not.toHaveBeenCalled();
  });
});

describe('error-headers', () => {
  it('keeps what is true of an error, and removes the rest', () => {
    const kept = { Vary: 'Cookie', 'Access-Control-Allow-Origin': '*', 'X-RateLimit-Limit': '5', RateLimit: '5' };
    const removed = {
      ETag: '"a"',
      'Content-Length': '5',
      'Set-Cookie': 'a=1',
      Location: '/',
      'X-Accel-Redirect': '/file',
      'Cache-Control': 'public',
    };
    const failed = response();
    for (const [name, value] of Object.entries({ ...kept, ...removed })) failed.setHeader(name, value);
    keepErrorHeaders(failed);
    expect(failed.getHeaderNames().toSorted()).toEqual(
      Object.keys(kept)
        .map((name) => name.toLowerCase())
        .toSorted(),
    );
  });
});

describe('piped-sources', () => {
  it('destroys a source that the response no longer takes, and what is piped into that', async () => {
    const [over, source, between] = [response(), new PassThrough(), new PassThrough()];
    source.pipe(between).pipe(over);
    destroyPipedSources(over);
    between.unpipe(over);
    await settled();
    expect(between.destroyed).toBe(true);
    expect(source.destroyed).toBe(true);
  });

  it('leaves a source that has another reader', () => {
    const [over, source] = [response(), new PassThrough()];
    source.on('data', nothing);
    source.pipe(over);
    destroyPipedSources(over);
    source.unpipe(over);
    expect(source.destroyed).toBe(false);
    expect(source.readableFlowing).toBe(true);
  });
});

describe('request-cookie', () => {
  it.each([
    ['sid=a', 'a'],
    ['other=b; sid=a; sid=c', 'a'],
    ['xsid=b', undefined],
    ['sid', undefined],
    ['sid=', ''],
    ['sid=a=b', 'a=b'],
    [undefined, undefined],
  ])('finds in %o the value %o', (header, value) => {
    expect(requestCookie(header, 'sid')).toBe(value);
  });

  it.each([
    ['sid=s%3Aabc.def', 's:abc.def'],
    ['sid=s:abc.def', 's:abc.def'],
    ['sid=abc; sid=s%3Aabc.def', undefined],
    ['sid=s:abc%3', undefined],
    ['', undefined],
  ])('finds in %o the signed value %o', (header, value) => {
    expect(signedCookie(header, 'sid')).toBe(value);
  });
});

describe('response-body', () => {
  it.each<[unknown[], unknown[], boolean]>([
    [[], [], false],
    [['text'], ['text', undefined], false],
    [['text', 'latin1'], ['text', 'latin1'], false],
    [['text', nothing], ['text', undefined], true],
    [['text', 'latin1', nothing], ['text', 'latin1'], true],
    [[nothing], [], true],
    [['', nothing], [], true],
    [[null], [], false],
  ])('reads %o as %o', (parameters, body, calls) => {
    expect(bodyOf(parameters)).toEqual({ parameters: body, callback: calls ? nothing : undefined });
    expect(hasCallback(parameters)).toBe(calls);
  });

  it.each<['write' | 'end', unknown[], string | undefined]>([
    ['write', ['text', 'latin1'], undefined],
    ['write', [new Uint8Array(1)], undefined],
    ['write', [null], 'ERR_STREAM_NULL_VALUES'],
    ['write', [5], 'ERR_INVALID_ARG_TYPE'],
    ['end', [5], 'ERR_INVALID_ARG_TYPE'],
    ['end', [null], undefined],
    ['end', [nothing], undefined],
    ['write', ['text', 'none'], 'ERR_UNKNOWN_ENCODING'],
    ['write', ['text', ''], undefined],
  ])('refuses at %s of %o with the code %o', (method, parameters, code) => {
    const check = () => refuseWrongBody(method, parameters);
    if (code === undefined) expect(check).not.toThrow();
    else expect(check).toThrow(expect.objectContaining({ code }) as Error);
  });
});

describe('response-head', () => {
  it('sets status, message and headers, and leaves what writeHead still needs', () => {
    const head = response();
    head.setHeader('ETag', '"a"');
    expect(applyHead(head, [201, 'Made', { 'X-A': '1' }])).toEqual([201, 'Made']);
    expect(head).toMatchObject({ statusCode: 201, statusMessage: 'Made' });
    expect(head.getHeaders()).toEqual({ etag: '"a"', 'x-a': '1' });
  });

  it.each([
    ['in turn', ['X-A', '1', 'x-a', '2', 'X-B', '3']],
    [
      'in pairs',
      [
        ['X-A', '1'],
        ['x-a', '2'],
        ['X-B', '3'],
      ],
    ],
  ])('takes a list of names and values %s: a name replaces what was set, and may come twice', (_, list) => {
    const head = response();
    head.setHeader('X-A', 'before');
    expect(applyHead(head, ['200', list])).toEqual([200]);
    expect(head.getHeaders()).toEqual({ 'x-a': ['1', '2'], 'x-b': '3' });
  });

  it.each([0, 99, 1000, 'none', undefined])('refuses the status %o, and sets nothing', (status) => {
    const head = response();
    expect(() => applyHead(head, [status, { 'X-A': '1' }])).toThrow(
      expect.objectContaining({ code: 'ERR_HTTP_INVALID_STATUS_CODE' }) as Error,
    );
    expect(head.getHeaders()).toEqual({});
  });
});

describe('retry-after', () => {
  it.each<[string, unknown, number | undefined]>([
    ['an outage', new SessionUnavailableError('load', 'x'), 1],
    ['a lock', new SessionLockedError('x', 'x'), 1],
    ['an error that stays', new SessionTooLargeError(2, 1), undefined],
    ['an error of the app', new HttpException('x', 503), 1],
    ['an error that is not Nest’s', new Error('x'), undefined],
    ['no error', undefined, undefined],
  ])('is set for %s only if the error passes', (_, error, seconds) => {
    const failed = response();
    announceRetry(failed, error);
    expect(failed.getHeader('Retry-After')).toBe(seconds);
  });

  it('is not set if the status of the error cannot be read', () => {
    class Broken extends HttpException {
      override getStatus(): number {
        throw new Error('no status');
      }
    }
    const failed = response();
    announceRetry(failed, new Broken('x', 503));
    expect(failed.getHeader('Retry-After')).toBeUndefined();
  });
});
