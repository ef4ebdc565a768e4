import type { HistoryRequest, OperationName, Values } from '../history/history-request.js';
import type { RaceTarget, TargetAnswer, TargetOperation } from '../targets/target.js';
import { CookieJar } from '../shared/cookie-jar.js';
import type { CookieLabels } from './cookie-labels.js';
import type { UniqueValues } from './unique-value.js';

/** The parts that the browsers of a race share. */
export interface BrowserContext {
  readonly target: RaceTarget;
  readonly values: UniqueValues;
  readonly labels: CookieLabels;
  record(request: HistoryRequest): void;
}

/** A request of a tab. */
export interface TabRequest {
  readonly tab: number;
  readonly place: number;
  readonly operation: TargetOperation;
  readonly key?: string;
  readonly wait?: number;
  /** Sends these cookies instead of the browser's, and keeps none of the answer. */
  readonly cookies?: string;
  /** The session that the request is for. Default: the browser's */
  readonly session?: string;
}

/** A request and what came back. */
export interface Exchange {
  readonly request: HistoryRequest;
  readonly answer: TargetAnswer;
}

const NAMES: Readonly<Record<TargetOperation, OperationName>> = {
  begin: 'begin',
  set: 'put',
  read: 'read',
  logout: 'logout',
  regenerate: 'login',
};

/** One browser with several tabs, which share its cookies and so its session. */
export class Browser {
  readonly #jar = new CookieJar();
  /** The acknowledged values of keys that only one request sets. */
  readonly #acknowledged = new Map<string, string>();
  /** The name of the session it is in. */
  session: string;

  constructor(
    readonly name: string,
    private readonly context: BrowserContext,
  ) {
    this.session = name;
  }

  get cookies(): string {
    return this.#jar.header;
  }

  /** Sends a request, takes over the cookies of its answer, and records both. */
  async send({ tab, place, operation, key = '', wait = 0, cookies, session = this.session }: TabRequest): Promise<Exchange> {
    const { target, values, labels, record } = this.context;
    const isUpdate = operation === 'set' || (operation === 'begin' && target.beginSets);
    const value = isUpdate ? values.next(this.name, key) : '';
    const puts: Values = isUpdate ? { [key]: value } : {};
    const sentCookies = cookies ?? this.#jar.header;
    const startedAt = performance.now();
    const answer = await target.send({ operation, place, key, value, cookies: sentCookies, wait });
    const endedAt = performance.now();
    if (cookies === undefined) this.#jar.take(answer.setCookies);
    const seen = operation === 'read' && answer.outcome === 'ok' ? values.find(answer.text, this.name) : undefined;
    const request: HistoryRequest = {
      client: tab,
      process: place,
      operation: NAMES[operation],
      key: session,
      ...(operation === 'begin' ? { newKey: session } : {}),
      ...(operation === 'regenerate' ? { newKey: `${session}'` } : {}),
      owner: this.name,
      puts,
      deletes: [],
      startedAt,
      endedAt,
      outcome: answer.outcome,
      cookie: labels.labelOf(sentCookies),
      ...(answer.status === undefined ? {} : { status: answer.status }),
      ...(seen ? { seen } : {}),
      ...(answer.error === undefined ? {} : { error: answer.error }),
    };
    record(request);
    if (isUpdate && answer.outcome === 'ok' && !key.startsWith('shared')) this.#acknowledged.set(key, value);
    return { request, answer };
  }

  /** The values that were acknowledged by now. */
  get acknowledged(): ReadonlyMap<string, string> {
    return new Map(this.#acknowledged);
  }
}

/** Whether what was read lacks one of the acknowledged values. */
export function lacksOne(acknowledged: ReadonlyMap<string, string>, seen: Values | undefined): boolean {
  return !seen || [...acknowledged].some(([key, value]) => seen[key] !== value);
}

/** Whether what was read has one of the acknowledged values. */
export function hasOne(acknowledged: ReadonlyMap<string, string>, seen: Values | undefined): boolean {
  return seen !== undefined && [...acknowledged].some(([key, value]) => seen[key] === value);
}
