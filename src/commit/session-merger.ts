import { Injectable } from '@nestjs/common';
import { isReservedName } from '../codec/reserved-names.js';
import { SessionCodec } from '../codec/session.codec.js';
import { applyRule } from '../merge/apply-rule.js';
import { applyDelta, takeMine, type Delta, type MergeKey } from '../merge/delta.js';
import type { EncodedValues } from '../merge/encoded-values.js';
import { DELETED, type MergeSides } from '../shared/merge-rule.js';
import { SessionMergeError } from '../smart-session.errors.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';

/** Applies deltas by the merge rules of the options. */
@Injectable()
export class SessionMerger {
  constructor(
    private readonly codec: SessionCodec,
    private readonly options: SmartSessionOptions,
  ) {}

  /**
   * The values that result when a request's delta is applied to the current record's values.
   *
   * @param base what the delta was computed against
   * @throws SessionMergeError when a rule throws, or returns what cannot be stored
   */
  apply(current: EncodedValues, delta: Delta, base: EncodedValues): EncodedValues {
    return applyDelta(current, delta, base, this.#mergeKey);
  }

  readonly #mergeKey: MergeKey = (key, base, theirs, mine) => {
    const rule = isReservedName(key) ? undefined : (this.options.merge.get(key) ?? this.options.mergeDefault);
    if (!rule) return takeMine(key, base, theirs, mine);
    try {
      const merged = applyRule(rule, { ...this.#side('base', base), ...this.#side('theirs', theirs), ...this.#side('mine', mine), key });
      return merged === DELETED ? undefined : this.codec.encodeValue(key, merged, base, theirs, mine);
    } catch (error) {
      throw new SessionMergeError(key, error);
    }
  };

  #side(side: 'base' | 'theirs' | 'mine', text: string | undefined): Partial<MergeSides> {
    return text === undefined ? {} : { [side]: this.codec.decodeValue(text) };
  }
}
