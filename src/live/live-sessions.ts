import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import type { SessionData } from 'express-session';
import { isReservedName } from '../codec/reserved-names.js';
import { SessionCodec } from '../codec/session.codec.js';
import { changedKeys, computeDelta, isEmptyDelta } from '../merge/delta.js';
import { ChangedValues, type EncodedValues } from '../merge/encoded-values.js';
import type { StoredRecord } from '../persistence/session.repository.js';
import { COOKIE_DEFAULTS } from '../options/cookie-rules.js';
import { attributesFor, resolveAuto } from '../security/cookie-template.js';
import { SessionLogger } from '../security/session-logger.js';
import { abbreviate } from '../smart-session.errors.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { COOKIE_KEY, chosenIn, chosenText, isCookieChanged, showChosen } from './chosen-cookie.js';
import { isOtherMaxAge, lifetimeOf, maxAgeOf, storableMaxAgeOf } from '../records/lifetime.js';
import { rebase } from './rebase.js';
import { MergeTrace } from '../observers/merge-trace.js';
import type { SessionRecord } from '../records/session-record.js';
import { LiveSession } from './live-session.js';
import type { CommitOutcome, Edit } from '../commit/session-committer.js';
import { hideFromHash, hideUsedData } from './session-hash.js';
import { isStarted, startOf } from './request-start.js';
import { LiveSessionField } from './live-session-field.js';
import { SessionMerger } from '../commit/session-merger.js';
import { refuseReadOnly } from './session-policy.js';
import { longestUnused, userIdIfKnown } from '../records/user-id.js';

/** What a live session holds at one moment. */
export interface Snapshot {
  readonly values: EncodedValues;
  /** The cookie's max age, in ms. */
  readonly maxAge: number | null;
}

/** What a request has changed in its session, as an edit of the record. */
export type SessionEdit = Edit & { readonly trace: MergeTrace };

/** How long a record that was loaded still lives, and can live at most. */
export type TimeLeft = Pick<StoredRecord, 'remaining' | 'longest'>;

/** What a session without a base stands on. */
const UNSTORED = new LiveSession('');

/** The live sessions of requests, each with its base: what they have changed, and what others have. */
@Injectable()
export class LiveSessions {
  readonly #logger = new SessionLogger();

  constructor(
    private readonly codec: SessionCodec,
    private readonly merger: SessionMerger,
    private readonly options: SmartSessionOptions,
  ) {}

  /** Makes the data of a record that was loaded, which knows its base. */
  open(storageKey: string, record: SessionRecord, time: TimeLeft): SessionData {
    const data = this.inflate(record, time.remaining);
    const live = new LiveSession(storageKey);
    moveTo(live, record);
    live.longestUnused = this.#longestUnused(record);
    setTime(live, time);
    LiveSessionField.set(data, live);
    return data;
  }

  /** Makes the data of a record as express-session wants it. */
  inflate(record: SessionRecord, remaining: number): SessionData {
    const { maxAge } = record;
    const expires = maxAge === null ? null : new Date(Date.now() + remaining);
    const { cookie: template } = this.options;
    const cookie = {
      ...(typeof template === 'function' ? COOKIE_DEFAULTS : template),
      ...chosenIn(record.values),
      originalMaxAge: maxAge,
      expires,
    };
    delete (cookie as { maxAge?: unknown }).maxAge;
    return { ...record.decode(), cookie } as unknown as SessionData;
  }

  /**
   * Gives loaded data the attributes that the cookie of its request has; the max age is the record's.
   *
   * @throws SmartSessionConfigError for what the app's function has returned
   */
  dress(request: Request, data: SessionData): void {
    const live = LiveSessionField.find(data);
    if (typeof this.options.cookie === 'function' && live) {
      const { maxAge: _, ...attributes } = attributesFor(request, this.options);
      Object.assign(data.cookie, attributes, chosenIn(live.record?.values));
    }
    resolveAuto(data.cookie, request);
  }

  /**
   * Hands the base of loaded data on to the live session that was made of it.
   *
   * @param previous the live session in whose place it comes: it runs under the same policy, and under the same lock
   */
  adopt(session: object, data: object, previous?: object): void {
    const live = LiveSessionField.find(data);
    if (!live) return;
    LiveSessionField.set(session, live);
    hideFromHash(session);
    hideUsedData(data);
    const replaced = previous && LiveSessionField.find(previous);
    if (!replaced) return;
    live.policy = replaced.policy;
    if (replaced.storageKey !== live.storageKey) return;
    live.lease = replaced.lease;
    live.hasMoved = replaced.hasMoved || haveOtherValues(replaced.record, live.record);
  }

  /** The base of a session; undefined for one that was neither loaded nor committed. */
  find(session: object): LiveSession | undefined {
    return LiveSessionField.find(session);
  }

  /** The base of a session, an empty one where it has none. */
  of(session: object): LiveSession {
    const found = LiveSessionField.find(session);
    if (found) return found;
    const live = new LiveSession(this.codec.storageKeyOf(String((session as { id?: unknown }).id)));
    live.since = startOf(session);
    live.isCookieOurs = isStarted(session);
    LiveSessionField.set(session, live);
    hideFromHash(session);
    return live;
  }

  /**
   * The base of a live session.
   *
   * @throws TypeError for an object that is none
   */
  ofLive(session: object): LiveSession {
    if (!LiveSessionField.find(session) && typeof (session as { id?: unknown }).id !== 'string') {
      throw new TypeError(
        'A session to commit must be the live session of express-session; set keys on `req.session` rather than put an object in its place.',
      );
    }
    return this.of(session);
  }

  /**
   * What the session holds now.
   *
   * @param live the session's: what it holds of its record need not be encoded
   * @throws SessionNotSerializableError
   */
  snapshot(session: object, live?: LiveSession): Snapshot {
    const values = live?.record?.valuesOf(session) ?? this.codec.encodeValues(session, live?.taken);
    return { values: live ? this.#withCookie(session, live, values) : values, maxAge: storableMaxAgeOf(session) };
  }

  /** The attributes of the cookie are kept as a value. A new session that holds nothing else is not stored for them. */
  #withCookie(session: object, { record, isCookieOurs }: LiveSession, values: EncodedValues): EncodedValues {
    const isStored = record !== undefined || !isEmpty(values);
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
    const edit = { apply, leaseId, keepsExpiry: policy.keepsExpiry, trace };
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
    const longest = this.#longestUnused(record);
    const isShortened = isMaxAgeChosen || (longest < live.longestUnused && !keepsExpiry && live.state === 'stored');
    const lifetime = lifetimeOf(record.maxAge, this.options, isShortened, keepsExpiry, longest);
    const now = performance.now();
    if (isShortened || live.expiresAt - now < lifetime.ms - lifetime.slack) live.expiresAt = now + lifetime.ms;
    if (isMaxAgeChosen) live.hasMoved = true;
    this.#move(session, live, then, record);
  }

  /** Moves base and live session on together, to a record that was loaded anew. */
  refresh(session: object, live: LiveSession, record: SessionRecord, time: TimeLeft): void {
    setTime(live, time);
    this.#move(session, live, { values: live.base, maxAge: live.maxAge }, record);
  }

  #move(session: object, live: LiveSession, then: Snapshot, record: SessionRecord): void {
    const isCookieUnchanged = !isOtherMaxAge(maxAgeOf(session), then.maxAge);
    if (live.state === 'stored' && isCookieUnchanged && isOtherMaxAge(record.maxAge, then.maxAge)) showMaxAge(session, record.maxAge);
    if (haveOtherValues(live.record, record)) live.hasMoved = true;
    showChosen(session, live.record?.values, record.values, this.options);
    const base = rebase(session, this.codec, then.values, record.values);
    moveTo(live, record, base === record.values ? undefined : base);
    live.longestUnused = this.#longestUnused(record);
  }

  #longestUnused({ values }: SessionRecord): number {
    return this.options.anonymousTtl === undefined
      ? Infinity
      : longestUnused(userIdIfKnown(values, this.options, this.codec), this.options);
  }

  #drop(live: LiveSession): void {
    live.state = 'gone';
    this.#logger.debug(`Record ${abbreviate(live.storageKey)} was destroyed while a request ran; the request's changes are dropped.`);
  }
}

function moveTo(live: LiveSession, record: SessionRecord, ownBase?: EncodedValues): void {
  live.state = 'stored';
  live.record = record;
  live.ownBase = ownBase;
}

/** Whether a record has other values than it had. The same record, loaded again, has the same. */
function haveOtherValues(before: SessionRecord | undefined, now: SessionRecord | undefined): boolean {
  return before?.values !== now?.values && !(before?.version === now?.version && before?.commitId === now?.commitId);
}

function setTime(live: LiveSession, { remaining, longest = Infinity }: TimeLeft): void {
  const now = performance.now();
  live.since = now;
  live.expiresAt = now + remaining;
  live.endsAt = now + longest;
}

/** Shows the max age that another request has chosen. */
function showMaxAge(session: object, maxAge: number | null): void {
  Object.assign((session as { cookie: object }).cookie, { maxAge });
}

function isEmpty(values: EncodedValues): boolean {
  for (const _ of values.keys()) return false;
  return true;
}
