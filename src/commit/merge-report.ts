import { Injectable, Logger } from '@nestjs/common';
import { SessionCodec } from '../codec/session.codec.js';
import { SessionLogger } from '../security/session-logger.js';
import { shownKeys } from '../shared/shown-keys.js';
import { abbreviate } from '../smart-session.errors.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import type { Merge, MergeTrace } from '../observers/merge-trace.js';
import type { CommitOutcome } from './edit.js';
import { SessionObservers } from '../observers/session-observers.js';
import { userIdIfKnown } from '../records/user-id.js';

/** Reports merges, in the debug log and to the observers. */
@Injectable()
export class MergeReport {
  readonly #logger = new SessionLogger();

  constructor(
    private readonly codec: SessionCodec,
    private readonly observers: SessionObservers,
    private readonly options: SmartSessionOptions,
  ) {}

  /** Reports what a commit has merged, if anything. */
  tell(storageKey: string, trace: MergeTrace, outcome: CommitOutcome): void {
    const { lifecycle } = this.observers;
    const isLogged = Logger.isLevelEnabled('debug');
    if (outcome.kind !== 'committed' || !(lifecycle || isLogged)) return;
    const merge = trace.find();
    if (!merge) return;
    if (isLogged) this.#logger.debug(lineOf(storageKey, merge));
    lifecycle?.merged({ storageKey, userId: userIdIfKnown(outcome.record.values, this.options, this.codec) }, merge);
  }
}

function lineOf(storageKey: string, { keys, contested, attempts }: Merge): string {
  const byRule = contested.length === 0 ? '' : `; others had changed ${shownKeys(contested)} too`;
  return `Record ${abbreviate(storageKey)}: merged ${shownKeys(keys)} into what others had changed, at attempt ${attempts}${byRule}.`;
}
