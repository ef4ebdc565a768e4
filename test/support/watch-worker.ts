// One process that watches sessions, on the database in its argument. It is asked over its channel.
import { promisify } from 'node:util';
import {
  SessionService,
  SmartSessionStore,
  type DialectName,
  type SessionWatch,
  type SmartSessionModuleOptions,
  type WatchOptions,
} from '../../src/index.js';
import { startTestApp } from './test-app.js';

/** The argument, as JSON. */
export interface WatchWorkerSettings {
  readonly dialect: DialectName;
  readonly connection: object;
  readonly options: Partial<SmartSessionModuleOptions>;
}

/** The end of a watch. */
export interface NotedEnd {
  readonly id: string;
  readonly reason: string;
  /** On the machine's monotonic clock, which all processes share, in ms. */
  readonly at: number;
}

/** A change that `onChange` was told. */
export type NotedChange = Omit<NotedEnd, 'reason'>;

/** The requests that the process answers. */
export type WatchCall =
  | { readonly do: 'store'; readonly ids: readonly string[] }
  | { readonly do: 'watch'; readonly ids: readonly string[]; readonly times: number; readonly isTold?: boolean }
  | { readonly do: 'change'; readonly id: string }
  | { readonly do: 'changes' }
  | { readonly do: 'destroy'; readonly id: string }
  | { readonly do: 'jump'; readonly ms: number }
  | { readonly do: 'ends' }
  | { readonly do: 'live' };

/** The answers, each of which only some calls have. */
export interface WatchAnswer {
  readonly at?: number;
  readonly ends?: readonly NotedEnd[];
  readonly changes?: readonly NotedChange[];
  /** How many watches say that their session is live. */
  readonly live?: number;
}

const { dialect, connection, options } = JSON.parse(process.argv[2]!) as WatchWorkerSettings;
const app = await startTestApp(dialect, { options: { connection, ...options } });
const sessions = app.get(SessionService);
const store = app.get(SmartSessionStore);
const set = promisify(store.set.bind(store));
const ends: NotedEnd[] = [];
const changes: NotedChange[] = [];
const watches: SessionWatch[] = [];
const SystemDate = Date;
const now = () => Number(process.hrtime.bigint()) / 1e6;

async function answer(call: WatchCall): Promise<WatchAnswer> {
  switch (call.do) {
    case 'store':
      for (const id of call.ids) await set(id, { cookie: { originalMaxAge: 3_600_000 } } as never);
      return {};
    case 'watch': {
      const made = call.ids.flatMap((id) => Array.from({ length: call.times }, () => sessions.watch(id, callbacks(id, call.isTold))));
      watches.push(...made);
      const checks = await Promise.all(made.map(({ checked }) => checked));
      return { live: checks.filter(Boolean).length };
    }
    case 'destroy': {
      const at = now();
      await sessions.destroy(call.id);
      return { at };
    }
    case 'change': {
      const at = now();
      await sessions.update(call.id, (draft: { n?: number }) => (draft.n = (draft.n ?? 0) + 1));
      return { at };
    }
    case 'changes':
      return { changes };
    case 'jump':
      jump(call.ms);
      return {};
    case 'ends':
      return { ends };
    case 'live':
      return { at: now(), live: watches.filter(({ isLive }) => isLive).length };
  }
}

function callbacks(id: string, isTold = false): WatchOptions {
  const onEnd: WatchOptions['onEnd'] = ({ reason }) => void ends.push({ id, reason, at: now() });
  return isTold ? { onEnd, onChange: () => void changes.push({ id, at: now() }) } : { onEnd };
}

/** Moves the clock of this process. Its monotonic clock goes on. */
function jump(ms: number): void {
  globalThis.Date = class extends SystemDate {
    constructor(...given: unknown[]) {
      super(...((given.length === 0 ? [SystemDate.now() + ms] : given) as [number]));
    }
    static override now(): number {
      return SystemDate.now() + ms;
    }
  } as DateConstructor;
}

process.on('message', (call: WatchCall) => {
  void answer(call).then((given) => process.send!(given));
});
process.on('disconnect', () => process.exit());
process.send!({});
