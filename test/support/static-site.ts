import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

/** A server of a folder. */
export interface StaticSite {
  /** The address of the start page, with a slash at its end. */
  readonly url: string;
  readonly stop: () => Promise<void>;
}

/** Serves the files of a folder under a path, and its 404.html for others, as GitHub Pages does. */
export async function serveFolder(folder: string, base: string): Promise<StaticSite> {
  const server = createServer(({ url = '' }, response) => {
    const file = fileFor(folder, base, new URL(url, 'http://127.0.0.1').pathname);
    const shown = file ?? join(folder, '404.html');
    response.writeHead(file ? 200 : 404, { 'content-type': TYPES[extname(shown)] ?? 'application/octet-stream' });
    createReadStream(shown).pipe(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  };
  return { url: `http://127.0.0.1:${port}${base}`, stop };
}

function fileFor(folder: string, base: string, path: string): string | undefined {
  if (!path.startsWith(base)) return undefined;
  const file = join(folder, path.slice(base.length), path.endsWith('/') ? 'index.html' : '');
  return existsSync(file) && statSync(file).isFile() ? file : undefined;
}
