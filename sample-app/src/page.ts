import { createRequire } from 'node:module';
import type { NextFunction, Request, Response } from 'express';
import type { NestExpressApplication } from '@nestjs/platform-express';

const PUBLIC = new URL('../public', import.meta.url).pathname;

/** The page loads only what this app serves. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Serves the page at `/`, and the charting library from node_modules. */
export function servePage(app: NestExpressApplication): void {
  app.use((_request: Request, response: Response, next: NextFunction) => {
    response.set({ 'Content-Security-Policy': POLICY, 'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer' });
    next();
  });
  app.useStaticAssets(PUBLIC);
  const echarts = createRequire(import.meta.url).resolve('echarts/dist/echarts.esm.min.mjs');
  app.use('/vendor/echarts.js', (_request: Request, response: Response) => response.sendFile(echarts, { maxAge: '1h' }));
}
