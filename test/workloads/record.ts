import { setTimeout as sleep } from 'node:timers/promises';
import { randomOf } from '../../packages/session-race/src/shared/random.js';
import type { Operation, Recording, Request, Store, Values } from './operation.js';

/** How the clients work. */
export interface WorkloadTerms {
  readonly seconds: number;
  readonly clients: number;
  readonly keys: number;
  readonly seed: number;
}

/** The pause after an operation that was not done, in ms. */
const PAUSE = 20;
/** How often the nodes are asked in the end, until they agree. */
const PATIENCE = 100;

/** Lets clients work on shared keys through all nodes, and records what they see. */
export async function recordWorkload(store: Store, { seconds, clients, keys, seed }: WorkloadTerms): Promise<Recording> {
  const operations: Operation[] = [];
  const until = performance.now() + seconds * 1000;
  let unique = 0;

  const ask = async (node: number, client: number, key: number, request: Request) => {
    const sent = performance.now();
    const answer = await store.ask(node, client, key, request);
    operations.push({ key, request, answer, sent, answered: performance.now() });
    return answer;
  };
  const work = async (client: number) => {
    const fraction = randomOf(seed + client * 7919);
    const random = (options: number) => Math.floor(fraction() * options);
    while (performance.now() < until) {
      const [node, key, kind] = [random(store.nodes), random(keys), random(10)];
      const read = kind < 4 ? await ask(node, client, key, { kind: 'read' }) : undefined;
      const answer = await ask(random(store.nodes), client, key, next(kind, read?.values));
      if (answer.outcome !== 'done') await sleep(PAUSE);
    }
  };
  const next = (kind: number, read: Values | undefined): Request => {
    if (kind < 2) return { kind: 'read' };
    if (kind < 4 && read) return { kind: 'exchange', from: read.register, to: ++unique };
    return kind < 8 ? { kind: 'append', element: ++unique } : { kind: 'increment' };
  };

  await Promise.all(Array.from({ length: clients }, (_, client) => work(client)));
  const stored = await Promise.all(Array.from({ length: keys }, (_, key) => storedValues(store, key)));
  return { operations, stored };
}

/** Returns the values of a key on each node, as soon as they are the same. */
async function storedValues(store: Store, key: number): Promise<readonly [Values, ...Values[]]> {
  for (let n = 1; ; n++) {
    const answers = await Promise.all(Array.from({ length: store.nodes }, (_, node) => store.ask(node, 0, key, { kind: 'read' })));
    const values = answers.map((answer) => answer.values).filter((one) => one !== undefined);
    const isAgreed = values.length === store.nodes && new Set(values.map((one) => JSON.stringify(one))).size === 1;
    if (isAgreed || (n >= PATIENCE && values.length === store.nodes)) return values as [Values, ...Values[]];
    if (n >= 2 * PATIENCE) throw new Error(`A node does not answer: ${JSON.stringify(answers)}`);
    await sleep(50);
  }
}
