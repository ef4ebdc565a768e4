import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { Observable, type Subscriber } from 'rxjs';
import { ProcessPool } from './process-pool.js';
import { SIDES, type RaceEvent, type Side } from './race-event.js';
import type { RacePlan } from './race-plan.js';
import { requestsOf, type RaceRequest } from './race-requests.js';
import { HEADERS } from './recorder.js';

/** A running race. */
interface Race {
  readonly id: string;
  readonly plan: RacePlan;
  readonly requests: readonly RaceRequest[];
  readonly urls: readonly Readonly<Record<Side, string>>[];
  readonly tell: (event: RaceEvent) => void;
  readonly signal: AbortSignal;
}

/** Runs races. It sends the requests of a page over HTTP, all at once. A browser opens at most six connections to one host. */
@Injectable()
export class RaceRunner {
  constructor(private readonly pool: ProcessPool) {}

  /** Runs a race on both sides and emits its events. Unsubscribing ends the race. */
  run(plan: RacePlan): Observable<RaceEvent> {
    return new Observable((page: Subscriber<RaceEvent>) => {
      const leaving = new AbortController();
      page.add(() => leaving.abort());
      this.#run(plan, page, leaving.signal).then(
        () => page.complete(),
        (error: unknown) => page.error(error),
      );
    });
  }

  async #run(plan: RacePlan, page: Subscriber<RaceEvent>, signal: AbortSignal): Promise<void> {
    const id = randomUUID();
    const tell = (event: RaceEvent) => page.next(event);
    const race: Race = { id, plan, requests: requestsOf(plan), urls: await this.pool.urls(plan.processes), tell, signal };
    const cookies = await Promise.all(SIDES.map((side) => start(race, side)));
    page.add(this.pool.events.subscribe((event) => event.race === id && tell(event)));
    tell({ type: 'start', at: now(), requests: race.requests.length });
    await Promise.all(SIDES.map((side, index) => Promise.all(race.requests.map((request) => send(race, side, request, cookies[index]!)))));
    await this.pool.drain();
    await Promise.all(SIDES.map((side, index) => finish(race, side, cookies[index]!)));
    tell({ type: 'end' });
  }
}

/** Creates the session of the race and returns its cookie. */
async function start({ id, plan, urls, signal }: Race, side: Side): Promise<string> {
  const body = JSON.stringify({ race: id });
  const response = await fetch(`${urls[0]![side]}/start`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', [HEADERS.store]: plan.store },
    signal,
  });
  return response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
}

async function send(
  { id, plan, urls, tell, signal }: Race,
  side: Side,
  { n, method, path, at }: RaceRequest,
  cookie: string,
): Promise<void> {
  await sleep(at, undefined, { signal });
  const headers = {
    cookie,
    [HEADERS.race]: id,
    [HEADERS.n]: String(n),
    [HEADERS.roundTrip]: String(plan.roundTrip),
    [HEADERS.store]: plan.store,
  };
  const response = await fetch(`${urls[n % urls.length]![side]}${path}`, { method, headers, signal });
  await response.arrayBuffer();
  tell({ type: 'answer', side, n, status: response.status, at: now() });
}

/** Reads the session at the end and destroys it. */
async function finish({ plan, urls, tell, signal }: Race, side: Side, cookie: string): Promise<void> {
  const url = `${urls[0]![side]}/session`;
  const headers = { cookie, [HEADERS.store]: plan.store };
  const { race: _, ...content } = (await (await fetch(url, { headers, signal })).json()) as Record<string, unknown>;
  tell({ type: 'result', side, content });
  await fetch(url, { method: 'DELETE', headers, signal });
}

function now(): number {
  return performance.timeOrigin + performance.now();
}
