import { Injectable } from '@nestjs/common';
import { isReservedName } from '../codec/reserved-names.js';
import { SessionCodec } from '../codec/session.codec.js';
import { changedKeys } from '../merge/delta.js';
import type { ContestedKey } from '../observers/merge-trace.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { SessionLogger } from '../security/session-logger.js';
import { shownKey } from '../shared/shown-keys.js';
import type { CommitOutcome, Edit } from './edit.js';
import { Overwrites, type Overwrite } from './overwrites.js';
import { RecentWrites } from './recent-writes.js';
import { ruleFor } from './suggested-rule.js';

/**
 * Finds keys that a commit has overwritten although another request had changed them, and that have no merge rule. The last change
 * wins there, and the other one is lost.
 */
@Injectable()
export class OverwriteDetector {
  /** The overwrites since the start of the process. */
  readonly overwrites = new Overwrites();
  /** The same for keys with a merge rule, which has combined both changes or chosen one of them. */
  readonly ruled = new Overwrites();
  readonly #writes = new RecentWrites();
  readonly #logger = new SessionLogger();

  constructor(
    private readonly codec: SessionCodec,
    private readonly options: SmartSessionOptions,
  ) {}

  /** Whether the option `detectOverwrites` is on. */
  get isOn(): boolean {
    return this.options.detectOverwrites;
  }

  /**
   * Looks at a commit. Does nothing if the detector is off.
   *
   * @param route the route of its request; undefined if it is not known
   */
  see(storageKey: string, route: string | undefined, { trace, written }: Edit, outcome: CommitOutcome): void {
    if (!this.isOn || outcome.kind !== 'committed') return;
    const contested = trace && !trace.isOnBase ? trace.contested() : [];
    for (const change of contested) if (!isReservedName(change.key)) this.#count(storageKey, route, change);
    for (const key of written ? changedKeys(written) : []) this.#writes.note(storageKey, key, written?.set.get(key), route);
  }

  #hasRule(key: string): boolean {
    return this.options.mergeDefault !== undefined || this.options.merge.has(key);
  }

  #count(storageKey: string, route: string | undefined, { key, theirs, mine }: ContestedKey): void {
    const other = this.#writes.routeOf(storageKey, key, theirs);
    if (this.#hasRule(key)) {
      this.ruled.add(shownKey(key), route, other, () => 'its own');
      return;
    }
    if (theirs === mine) return;
    const pair = this.overwrites.add(shownKey(key), route, other, () => ruleFor([theirs, mine].map((text) => this.#valueOf(text))));
    if (pair) this.#logger.warn(lineOf(pair));
  }

  #valueOf(text: string | undefined): unknown {
    return text === undefined ? undefined : this.codec.decodeValue(text);
  }
}

const UNKNOWN = 'an unknown route (of another process, or an update by session id)';

function lineOf({ key, routes, rule }: Overwrite): string {
  const [one = UNKNOWN, other = UNKNOWN] = routes;
  const writers = one === other ? `Two requests of ${one}` : `${one} and ${other}`;
  return `${writers} both changed \`${key}\`; the last one won. Declare a merge rule: \`${declarationOf(key, rule)}\`${adviceFor(rule)}.`;
}

/** Returns the code that declares a rule in the options of the module. */
export function declarationOf(key: string, rule: string): string {
  return `merge: { ${/^[A-Za-z_$][\w$]*$/.test(key) ? key : `'${key.replaceAll("'", String.raw`\'`)}'`}: ${rule} }`;
}

function adviceFor(rule: string): string {
  return rule === 'lastWins()' ? ' if the last change is right, or another rule' : ', or `lastWins()` if the last change is right';
}
