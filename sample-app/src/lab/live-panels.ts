import { Injectable, type MessageEvent } from '@nestjs/common';
import { Observable } from 'rxjs';
import { ProcessPool } from './process-pool.js';

/** The live panels of the page. Another process holds each of them, and this one passes on what it tells. */
@Injectable()
export class LivePanels {
  constructor(private readonly pool: ProcessPool) {}

  /** @param cookie the visitor's cookie, which names the session */
  open(cookie: string): Observable<MessageEvent> {
    return new Observable((subscriber) => {
      const left = new AbortController();
      this.#passOn(cookie, left.signal, (data) => subscriber.next({ data })).then(
        () => subscriber.complete(),
        (error: unknown) => subscriber.error(error),
      );
      return () => left.abort();
    });
  }

  async #passOn(cookie: string, signal: AbortSignal, tell: (data: object) => void): Promise<void> {
    const [urls] = await this.pool.urls(1);
    const response = await fetch(`${urls!.smart}/live`, { headers: { cookie }, signal });
    let rest = '';
    for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + part).split('\n');
      rest = lines.pop()!;
      for (const line of lines) if (line.startsWith('data: ')) tell(JSON.parse(line.slice('data: '.length)) as object);
    }
  }
}
