import type { IncomingMessage, ServerResponse } from 'node:http';
import type { INestApplication } from '@nestjs/common';
import { readRepositoryFile } from './repository-files.js';

/** The folder of the page's files. */
export const PUBLIC = new URL('../public', import.meta.url).pathname;

const HEADERS = new Headers({
  // The page loads only what this app serves.
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
});

/** Adds the page's headers, and serves the files that it links to. Uses only what Express and Fastify have in common. */
export function servePage(app: INestApplication): void {
  app.use((_request: IncomingMessage, response: ServerResponse, next: () => void) => {
    response.setHeaders(HEADERS);
    next();
  });
  app.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
    const text = readRepositoryFile(request.url?.split('?')[0] ?? '/');
    if (text === undefined) return next();
    response.setHeader('Content-Type', 'text/plain; charset=utf-8').end(text);
  });
}
