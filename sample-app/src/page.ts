import { createReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { INestApplication } from '@nestjs/common';

/** The folder of the page's files. */
export const PUBLIC = new URL('../public', import.meta.url).pathname;

const HEADERS = new Headers({
  // The page loads only what this app serves.
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
});

/** Adds the page's headers, and serves the charting library from node_modules. Uses only what Express and Fastify have in common. */
export function servePage(app: INestApplication): void {
  app.use((_request: IncomingMessage, response: ServerResponse, next: () => void) => {
    response.setHeaders(HEADERS);
    next();
  });
  const echarts = createRequire(import.meta.url).resolve('echarts/dist/echarts.esm.min.mjs');
  app.use('/vendor/echarts.js', (_request: IncomingMessage, response: ServerResponse) => {
    response.setHeader('Content-Type', 'text/javascript; charset=utf-8').setHeader('Cache-Control', 'public, max-age=3600');
    createReadStream(echarts).pipe(response);
  });
}
