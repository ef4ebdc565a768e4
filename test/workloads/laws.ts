import type { Answer, Operation, Recording, Request } from './operation.js';

/** The breaches of each law. */
export type Breaches = Readonly<Record<LawName, readonly string[]>>;

export type LawName = keyof typeof LAWS;

type Kind = Request['kind'];
type Of<K extends Kind> = Operation & { readonly request: Extract<Request, { kind: K }> };

/** What happened to one key. */
interface KeyHistory {
  readonly operations: readonly Operation[];
  readonly stored: Recording['stored'][number];
}

/** The laws, each with a function that finds its breaches in the history of a key. */
const LAWS = {
  /** Each acknowledged append is in the list, once. */
  lostAppends: ({ operations, stored: [{ list }] }: KeyHistory) =>
    done(operations, 'append')
      .filter(({ request: { element } }) => list.indexOf(element) < 0 || list.indexOf(element) !== list.lastIndexOf(element))
      .map(({ request: { element } }) => `${element} is not in ${tail(list)}`),

  /** No transaction writes between the read and the write of an acknowledged append (P4). */
  overtakenAppends: ({ operations, stored: [{ list }] }: KeyHistory) =>
    done(operations, 'append')
      .filter(({ request, answer }) => list.includes(request.element) && !isPrefix([...answer.seen!, request.element], list))
      .map(({ request, answer }) => `${request.element} was appended to ${tail(answer.seen!)}, and is in ${tail(list)}`),

  /** All lists that were read are beginnings of one list. */
  disorder: ({ operations, stored: [{ list }] }: KeyHistory) =>
    listsOf(operations)
      .filter((seen) => !isPrefix(seen, list))
      .map((seen) => `${tail(seen)} is no beginning of ${tail(list)}`),

  /** The counter counts each acknowledged increment, and nothing that was refused. */
  lostIncrements: ({ operations, stored: [{ count }] }: KeyHistory) => {
    const least = done(operations, 'increment').length;
    const most = least + of(operations, 'increment').filter(({ answer }) => answer.outcome === 'unknown').length;
    if (count > most) return [`${count} is counted for at most ${most} increments`];
    return Array<string>(Math.max(0, least - count)).fill(`${count} is counted for ${least} increments`);
  },

  /** Of the exchanges of one value, only one wins, and the values form a chain. */
  lostExchanges: ({ operations, stored: [{ register }] }: KeyHistory) => {
    const exchanges = of(operations, 'exchange');
    const won = exchanges.filter(({ answer }) => answer.isExchanged);
    const chain = chainTo(
      register,
      exchanges.filter(({ answer }) => answer.isExchanged ?? answer.outcome === 'unknown'),
    );
    return won.filter(({ request }) => !chain.has(request.to)).map(({ request: { from, to } }) => `${from} → ${to} was overwritten`);
  },

  /** A read shows each append that was acknowledged before the read was sent. */
  staleReads: ({ operations }: KeyHistory) => {
    const appends = done(operations, 'append').toSorted((one, other) => one.answered - other.answered);
    return done(operations, 'read')
      .filter(({ sent, answer: { values } }) => {
        const seen = new Set(values!.list);
        return appends.some(({ answered, request }) => answered < sent && !seen.has(request.element));
      })
      .map(({ answer: { values } }) => `${tail(values!.list)} was read too late`);
  },

  /** In the end all nodes store the same. */
  divergence: ({ stored }: KeyHistory) => {
    const different = new Set(stored.map((values) => JSON.stringify(values)));
    return different.size > 1 ? [[...different].join(' and ')] : [];
  },
};

/** Checks a recording against the laws. */
export function findBreaches({ operations, stored }: Recording): Breaches {
  const keys = stored.map((values, key) => ({ operations: operations.filter((one) => one.key === key), stored: values }));
  const entries = Object.entries(LAWS).map(([name, find]) => [name, keys.flatMap((key) => find(key))]);
  return Object.fromEntries(entries) as Breaches;
}

function of<K extends Kind>(operations: readonly Operation[], kind: K): Of<K>[] {
  return operations.filter((one): one is Of<K> => one.request.kind === kind);
}

function done<K extends Kind>(operations: readonly Operation[], kind: K): Of<K>[] {
  return of(operations, kind).filter(({ answer }) => answer.outcome === 'done');
}

function listsOf(operations: readonly Operation[]): (readonly number[])[] {
  const lists = ({ seen, values }: Answer) => seen ?? values?.list;
  return operations.map(({ answer }) => lists(answer)).filter((list) => list !== undefined);
}

/** Returns the values on the way back from the last one. */
function chainTo(last: number, exchanges: readonly Of<'exchange'>[]): ReadonlySet<number> {
  const before = new Map(exchanges.map(({ request: { from, to } }) => [to, from]));
  const chain = new Set<number>();
  for (let value: number | undefined = last; value !== undefined && !chain.has(value); value = before.get(value)) chain.add(value);
  return chain;
}

function isPrefix(beginning: readonly number[], list: readonly number[]): boolean {
  return beginning.every((element, n) => list[n] === element);
}

/** Shows the end of a list, because lists are long. */
function tail(list: readonly number[]): string {
  return `[… ${list.slice(-6).join(', ')}]`;
}
