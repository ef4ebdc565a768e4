import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';

/**
 * Destroys the streams that are still piped into a response when it ends. `pipe` would only pause a source, which keeps the
 * source's file open.
 */
export function destroyPipedSources(response: ServerResponse): void {
  if (!response.listeners('unpipe').includes(destroyUnlessRead)) response.on('unpipe', destroyUnlessRead);
}

function destroyUnlessRead(source: Readable): void {
  // The source continues if it has another reader.
  if (source.listenerCount('data') > 0 || source.listenerCount('readable') > 0) return void source.resume();
  // A stream between a source and the response has its own source.
  source.on('unpipe', destroyUnlessRead);
  source.destroy();
}
