import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Response } from 'express';
import { SessionTransport } from '../../src/http/session-transport.js';

const transport = new SessionTransport({ name: 'sid', transport: { takesCookies: false, header: { header: 'x-session' } } });

/** Returns the headers of an answer after the session's cookie has become a header. */
function moved(...cookies: string[]) {
  const response = new ServerResponse(new IncomingMessage(new Socket()));
  if (cookies.length > 0) response.setHeader('Set-Cookie', cookies);
  transport.moveIntoHeader(response as Response);
  return response.getHeaders();
}

it('moves the cookie of the session, and leaves others', () => {
  expect(moved('theme=dark', 'sid=s%3Aabc.def%2F; Path=/; HttpOnly')).toEqual({ 'set-cookie': ['theme=dark'], 'x-session': 'abc.def/' });
  expect(moved('theme=dark', 'sid2=s%3Aabc.def')).toEqual({ 'set-cookie': ['theme=dark', 'sid2=s%3Aabc.def'] });
  expect(moved()).toEqual({});
});

it('leaves no empty header, which the handshake of a WebSocket would send', () => {
  expect(moved('sid=s%3Aabc.def; Path=/')).toEqual({ 'x-session': 'abc.def' });
  expect(moved('sid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT')).toEqual({ 'x-session': '' });
});
