import type { IncomingMessage } from 'node:http';

/** Returns the path of a request without its query. Middleware of Express and Fastify shortens `url`, and keeps the original. */
export function pathOf(request: IncomingMessage): string {
  const { originalUrl = request.url ?? '/' } = request as IncomingMessage & { readonly originalUrl?: string };
  const [path = '/'] = originalUrl.split('?');
  return path;
}
