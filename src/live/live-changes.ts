import { Injectable } from '@nestjs/common';
import { isReservedName } from '../codec/reserved-names.js';
import { SessionCodec } from '../codec/session.codec.js';
import type { CommitOutcome, Edit } from '../commit/edit.js';
import { SessionMerger } from '../commit/session-merger.js';
import { changedKeys, computeDelta, isEmptyDelta } from '../merge/delta.js';
import { ChangedValues, isEmptyValues, type EncodedValues } from '../merge/encoded-values.js';
import { MergeTrace } from '../observers/merge-trace.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { isOtherMaxAge, lifetimeOf, maxAgeOf, storableMaxAgeOf } from '../records/lifetime.js';
import { haveOtherValues, type SessionRecord } from '../records/session-record.js';
import { longestUnusedWith } from '../records/user-id.js';
import { SessionLogger } from '../security/session-logger.js';
import { abbreviate } from '../smart-session.errors.js';
import { COOKIE_KEY, chosenText, isCookieChanged, showChosen } from './chosen-cookie.js';
import { LiveSession, type TimeLeft } from './live-session.js';
import { LiveSessionField } from './live-session-field.js';
import { rebase } from './rebase.js';
import { refuseReadOnly } from './session-policy.js';

/** The values that a live session holds at one moment. */
export interface Snapshot {
  readonly values: EncodedValues;
  /** The cookie's max age, in ms. */
  readonly maxAge: number | null;
}

/** What a request has changed in its session, as an edit of the record. */
export type SessionEdit = Edit & { readonly trace: MergeTrace };

/** The state of a session that has none. */
const UNSTORED = new LiveSession('');

/** Finds what a request has changed in its live session, and shows the session what others have changed. */
@Injectable()
export class LiveChanges {
  readonly #logger = new SessionLogger();

  constructor(
    private readonly codec: SessionCodec,
    private readonly merger: SessionMerger,
    private readonly options: SmartSessionOptions,
  ) {}

  /**
   * What the session holds now.
   *
   * @param live the session's: what it holds of its record need not be encoded
   * @throws SessionNotSerializableError
   */
  snapshot(session: object, live?: LiveSession): Snapshot {
    const values = live?.record?.valuesOf(session) ?? this.codec.encodeValues(session, live?.carried);
    return { values: live ? this.#withCookie(session, live, values) : values, maxAge: storableMaxAgeOf(session) };
  }

  /** The attributes of the cookie are kept as a value. A new session that holds nothing else is not stored for them. */
  #withCookie(session: object, { record, isCookieOurs }: LiveSession, values: EncodedValues): EncodedValues {
    const isStored = record !== undefined || !isEmptyValues(values);
    if (!isStored || !isCookieOurs || !isCookieChanged(session, record?.values, this.options)) return values;
    return ChangedValues.of(values, new Map([[COOKIE_KEY, chosenText(session, record?.values, this.options)]]));
  }

  /** Whether nothing has changed since the session was loaded, for certain; false may mean that only `editOf` can tell. */
  isUntouched(session: object, { ownBase, record, isCookieOurs }: LiveSession): boolean {
    if (ownBase || !record) return false;
    return (
      !isOtherMaxAge(maxAgeOf(session), record.maxAge) &&
      record.isHeldBy(session) &&
      !(isCookieOurs && isCookieChanged(session, record.values, this.options))
    );
  }

  /**
   * What the request changed; undefined when that is nothing. A new session that holds nothing is not stored.
   *
   * @throws SessionReadOnlyError when the session's policy allow no change
   */
  editOf({ values: mine, maxAge }: Snapshot, live: LiveSession = UNSTORED): SessionEdit | undefined {
    const isMaxAgeChosen = live.state === 'stored' && isOtherMaxAge(maxAge, live.maxAge);
    const { base, leaseId, policy } = live;
    const delta = computeDelta(base, mine, (key) => !isReservedName(key));
    if (!isMaxAgeChosen && isEmptyDelta(delta)) return undefined;
    refuseReadOnly(policy, [...changedKeys(delta), ...(isMaxAgeChosen ? ['cookie.maxAge'] : [])]);
    const trace = new MergeTrace(delta, base);
    const apply = (current: EncodedValues) => {
      trace.note(current);
      return this.merger.apply(current, delta, base);
    };
    const edit = { apply, leaseId, keepsExpiry: policy.keepsExpiry, trace, written: delta };
    return isMaxAgeChosen || live.state === 'new' ? { ...edit, maxAge } : edit;
  }

  /** The keys of changes that no commit has taken; none while a commit runs, and none of a session that has ended. */
  unsavedKeys(session: object): readonly string[] {
    const live = LiveSessionField.find(session) ?? UNSTORED;
    if (live.abandoned || live.committing || live.state === 'gone') return [];
    const { values, maxAge } = this.snapshot(session, live);
    const isMaxAgeChosen = live.state === 'stored' && isOtherMaxAge(maxAge, live.maxAge);
    const keys = changedKeys(computeDelta(live.base, values, (key) => !isReservedName(key)));
    return isMaxAgeChosen ? [...keys, 'cookie.maxAge'] : keys;
  }

  /** Moves base and live session on together, to what a commit made of the record. */
  applyOutcome(session: object, live: LiveSession, then: Snapshot, outcome: CommitOutcome, isMaxAgeChosen: boolean): void {
    if (outcome.kind === 'gone') return this.#drop(live);
    if (outcome.kind === 'unstored') return;
    const { record } = outcome;
    const { keepsExpiry } = live.policy;
    const longest = longestUnusedWith(record.values, this.options, this.codec);
    const isShortened = isMaxAgeChosen || (longest < live.longestUnused && !keepsExpiry && live.state === 'stored');
    const lifetime = lifetimeOf(record.maxAge, this.options, isShortened, keepsExpiry, longest);
    const now = performance.now();
    if (isShortened || live.expiresAt - now < lifetime.ms - lifetime.slack) live.expiresAt = now + lifetime.ms;
    if (isMaxAgeChosen) live.hasMoved = true;
    this.#move(session, live, then, record);
  }

  /** Moves base and live session on together, to a record that was loaded anew. */
  refresh(session: object, live: LiveSession, record: SessionRecord, time: TimeLeft): void {
    live.startsWith(time);
    this.#move(session, live, { values: live.base, maxAge: live.maxAge }, record);
  }

  #move(session: object, live: LiveSession, then: Snapshot, record: SessionRecord): void {
    const isCookieUnchanged = !isOtherMaxAge(maxAgeOf(session), then.maxAge);
    if (live.state === 'stored' && isCookieUnchanged && isOtherMaxAge(record.maxAge, then.maxAge)) showMaxAge(session, record.maxAge);
    if (haveOtherValues(live.record, record)) live.hasMoved = true;
    showChosen(session, live.record?.values, record.values, this.options);
    const base = rebase(session, this.codec, then.values, record.values);
    const longest = longestUnusedWith(record.values, this.options, this.codec);
    live.moveTo(record, longest, base === record.values ? undefined : base);
  }

  #drop(live: LiveSession): void {
    live.state = 'gone';
    this.#logger.debug(`Record ${abbreviate(live.storageKey)} was destroyed while a request ran; the request's changes are dropped.`);
  }
}

/** Shows the max age that another request has chosen. */
function showMaxAge(session: object, maxAge: number | null): void {
  Object.assign((session as { cookie: object }).cookie, { maxAge });
}
