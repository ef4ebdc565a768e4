import { randomOf } from '../shared/random.js';
import { HistoryClient, type ClientSettings } from './history-client.js';
import { SessionPlace } from './shared-session.js';

const CLIENTS = 12;
/** So few that several clients are always on each. */
const SESSIONS = 3;

/** Clients that share a few sessions. */
export interface ClientsSettings extends Omit<ClientSettings, 'places'> {
  /** The requests follow from it. Their order in time does not. */
  readonly seed: number;
}

/** Lets the clients loose until it is over. */
export async function runClients({ seed, ...settings }: ClientsSettings, isOver: () => boolean): Promise<void> {
  const shared = { ...settings, places: Array.from({ length: SESSIONS }, () => new SessionPlace()) };
  await Promise.all(Array.from({ length: CLIENTS }, (_, n) => new HistoryClient(n, randomOf(seed + n * 7919), shared).run(isOver)));
}

/** Some stores make their table with it, and when its answer begins they may not have done so. */
export async function firstRequest(url: string): Promise<void> {
  const response = await fetch(`${url}/begin`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ puts: { owner: 'nobody' } }),
  });
  const body = await response.text();
  if (!response.ok) throw new Error(`The first request was answered with ${response.status} ${body}`);
}
