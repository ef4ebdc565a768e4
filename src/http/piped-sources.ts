import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';

/**
 * Destroys what is still piped into a response when the response is over. `pipe` only pauses its source then, which
 * keeps the source's file open.
 */
export function destroyPipedSources(response: ServerResponse): void {
  if (!response.listeners('unpipe').includes(destroyUnlessRead)) response.on('unpipe', destroyUnlessRead);
}

function destroyUnlessRead(source: Readable): void {
  // The source goes on if it has another reader.
  if (source.listenerCount('data') > 0 || source.listenerCount('readable') > 0) return void source.resume();
  // A stream between a source and the response has a source of its own.
  source.on('unpipe', destroyUnlessRead);
  source.destroy();
}
