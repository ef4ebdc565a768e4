import { Injectable } from '@nestjs/common';
import { isReservedName } from '../codec/reserved-names.js';
import { SessionCodec } from '../codec/session.codec.js';
import { changedKeys } from '../merge/delta.js';
import type { ContestedKey } from '../observers/merge-trace.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { SessionLogger } from '../security/session-logger.js';
import { isShortened, shownKey } from '../shared/shown-keys.js';
import type { CommitOutcome, Edit } from './edit.js';
import { Overwrites, type Overwrite } from './overwrites.js';
import { RecentWrites } from './recent-writes.js';
import { adviceFor } from './rule-advice.js';
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

  #count(storageKey: string, route: string | undefined, change: ContestedKey): void {
    const { key, theirs, mine } = change;
    const other = this.#writes.routeOf(storageKey, key, theirs);
    if (this.#hasRule(key)) {
      this.ruled.add(shownKey(key), route, other, () => undefined);
      return;
    }
    if (theirs === mine) return;
    const pair = this.overwrites.add(shownKey(key), route, other, () => this.#ruleFor(change));
    if (pair) this.#logger.warn(lineOf(pair));
  }

  #ruleFor({ key, base, theirs, mine }: ContestedKey): string | undefined {
    if (isShortened(key)) return undefined;
    // A combination of two user ids is the id of another user.
    if (key === this.options.userId) return 'lastWins()';
    return ruleFor({ base: this.#valueOf(base), theirs: this.#valueOf(theirs), mine: this.#valueOf(mine) });
  }

  #valueOf(text: string | undefined): unknown {
    return text === undefined ? undefined : this.codec.decodeValue(text);
  }
}

const UNKNOWN = 'an unknown route (of another process, or an update by session id)';

function lineOf({ key, routes, rule }: Overwrite): string {
  const { code, rest } = adviceFor({ key, rule });
  const [one = UNKNOWN, other = UNKNOWN] = routes;
  const writers = one === other ? `Two requests of ${one}` : `${one} and ${other}`;
  return `${writers} both changed \`${key}\`; the last one won. Declare a merge rule: ${code === undefined ? '' : `\`${code}\``}${rest}.`;
}
