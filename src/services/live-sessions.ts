import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import type { SessionData } from 'express-session';
import { isReservedName } from '../codec/reserved-names.js';
import { SessionCodec } from '../codec/session.codec.js';
import { changedKeys, computeDelta, isEmptyDelta } from '../merge/delta.js';
import { ChangedValues, type EncodedValues } from '../merge/encoded-values.js';
import type { SessionRecord } from '../persistence/session.repository.js';
import { COOKIE_DEFAULTS } from '../security/cookie-rules.js';
import { attributesFor, resolveAuto } from '../security/cookie-template.js';
import { SessionLogger } from '../security/session-logger.js';
import { abbreviate } from '../smart-session.errors.js';
import { SmartSessionOptions } from '../smart-session.options.js';
import { COOKIE_KEY, chosenIn, chosenText, isCookieChanged, showChosen } from './chosen-cookie.js';
import { isOtherMaxAge, lifetimeOf, maxAgeOf, storableMaxAgeOf } from './lifetime.js';
import { rebase } from './live-values.js';
import { MergeTrace } from './merge-trace.js';
import type { StoredRecord } from './stored-record.js';
import { SessionBaseline } from './session-baseline.js';
import type { CommitOutcome, Edit } from './session-committer.js';
import { hideFromHash, hideUsedData } from './session-hash.js';
import { isStarted, startOf } from './request-start.js';
import { SessionMark } from './session-mark.js';
import { SessionMerger } from './session-merger.js';
import { refuseReadOnly } from './session-terms.js';
import { longestUnused, userIdIfKnown } from './user-id.js';

/** What a live session holds at one moment. */
export interface Snapshot {
  readonly values: EncodedValues;
  /** The cookie's max age, in ms. */
  readonly maxAge: number | null;
}

/** What a request has changed in its session, as an edit of the record. */
export type SessionEdit = Edit & { readonly trace: MergeTrace };

/** How long a record that was loaded still lives, and can live at most. */
export type TimeLeft = Pick<SessionRecord, 'remaining' | 'longest'>;

/** What a session without a base stands on. */
const UNSTORED = new SessionBaseline('');

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
  open(storageKey: string, record: StoredRecord, time: TimeLeft): SessionData {
    const data = this.inflate(record, time.remaining);
    const baseline = new SessionBaseline(storageKey);
    moveTo(baseline, record);
    baseline.longestUnused = this.#longestUnused(record);
    setTime(baseline, time);
    SessionMark.set(data, baseline);
    return data;
  }

  /** Makes the data of a record as express-session wants it. */
  inflate(record: StoredRecord, remaining: number): SessionData {
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
    const baseline = SessionMark.find(data);
    if (typeof this.options.cookie === 'function' && baseline) {
      const { maxAge: _, ...attributes } = attributesFor(request, this.options);
      Object.assign(data.cookie, attributes, chosenIn(baseline.record?.values));
    }
    resolveAuto(data.cookie, request);
  }

  /**
   * Hands the base of loaded data on to the live session that was made of it.
   *
   * @param previous the live session in whose place it comes: it runs under the same terms, and under the same lock
   */
  adopt(session: object, data: object, previous?: object): void {
    const baseline = SessionMark.find(data);
    if (!baseline) return;
    SessionMark.set(session, baseline);
    hideFromHash(session);
    hideUsedData(data);
    const replaced = previous && SessionMark.find(previous);
    if (!replaced) return;
    baseline.terms = replaced.terms;
    if (replaced.storageKey !== baseline.storageKey) return;
    baseline.lease = replaced.lease;
    baseline.hasMoved = replaced.hasMoved || haveOtherValues(replaced.record, baseline.record);
  }

  /** The base of a session; undefined for one that was neither loaded nor committed. */
  find(session: object): SessionBaseline | undefined {
    return SessionMark.find(session);
  }

  /** The base of a session, an empty one where it has none. */
  of(session: object): SessionBaseline {
    const found = SessionMark.find(session);
    if (found) return found;
    const baseline = new SessionBaseline(this.codec.storageKeyOf(String((session as { id?: unknown }).id)));
    baseline.since = startOf(session);
    baseline.isCookieOurs = isStarted(session);
    SessionMark.set(session, baseline);
    hideFromHash(session);
    return baseline;
  }

  /**
   * The base of a live session.
   *
   * @throws TypeError for an object that is none
   */
  ofLive(session: object): SessionBaseline {
    if (!SessionMark.find(session) && typeof (session as { id?: unknown }).id !== 'string') {
      throw new TypeError(
        'A session to commit must be the live session of express-session; set keys on `req.session` rather than put an object in its place.',
      );
    }
    return this.of(session);
  }

  /**
   * What the session holds now.
   *
   * @param baseline the session's: what it holds of its record need not be encoded
   * @throws SessionNotSerializableError
   */
  snapshot(session: object, baseline?: SessionBaseline): Snapshot {
    const values = baseline?.record?.valuesOf(session) ?? this.codec.encodeValues(session, baseline?.taken);
    return { values: baseline ? this.#withCookie(session, baseline, values) : values, maxAge: storableMaxAgeOf(session) };
  }

  /** The attributes of the cookie are kept as a value. A new session that holds nothing else is not stored for them. */
  #withCookie(session: object, { record, isCookieOurs }: SessionBaseline, values: EncodedValues): EncodedValues {
    const isStored = record !== undefined || !isEmpty(values);
    if (!isStored || !isCookieOurs || !isCookieChanged(session, record?.values, this.options)) return values;
    return ChangedValues.of(values, new Map([[COOKIE_KEY, chosenText(session, record?.values, this.options)]]));
  }

  /** Whether nothing has changed since the session was loaded, for certain; false may mean that only `editOf` can tell. */
  isUntouched(session: object, { ownBase, record, isCookieOurs }: SessionBaseline): boolean {
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
   * @throws SessionReadOnlyError when the session's terms allow no change
   */
  editOf({ values: mine, maxAge }: Snapshot, baseline: SessionBaseline = UNSTORED): SessionEdit | undefined {
    const isMaxAgeChosen = baseline.state === 'stored' && isOtherMaxAge(maxAge, baseline.maxAge);
    const { base, leaseId, terms } = baseline;
    const delta = computeDelta(base, mine, (key) => !isReservedName(key));
    if (!isMaxAgeChosen && isEmptyDelta(delta)) return undefined;
    refuseReadOnly(terms, [...changedKeys(delta), ...(isMaxAgeChosen ? ['cookie.maxAge'] : [])]);
    const trace = new MergeTrace(delta, base);
    const apply = (current: EncodedValues) => {
      trace.note(current);
      return this.merger.apply(current, delta, base);
    };
    const edit = { apply, leaseId, keepsExpiry: terms.keepsExpiry, trace };
    return isMaxAgeChosen || baseline.state === 'new' ? { ...edit, maxAge } : edit;
  }

  /** The keys of changes that no commit has taken; none while a commit runs, and none of a session that has ended. */
  unsavedKeys(session: object): readonly string[] {
    const baseline = SessionMark.find(session) ?? UNSTORED;
    if (baseline.abandoned || baseline.committing || baseline.state === 'gone') return [];
    const { values, maxAge } = this.snapshot(session, baseline);
    const isMaxAgeChosen = baseline.state === 'stored' && isOtherMaxAge(maxAge, baseline.maxAge);
    const keys = changedKeys(computeDelta(baseline.base, values, (key) => !isReservedName(key)));
    return isMaxAgeChosen ? [...keys, 'cookie.maxAge'] : keys;
  }

  /** Moves base and live session on together, to what a commit made of the record. */
  settle(session: object, baseline: SessionBaseline, then: Snapshot, outcome: CommitOutcome, isMaxAgeChosen: boolean): void {
    if (outcome.kind === 'gone') return this.#drop(baseline);
    if (outcome.kind === 'unstored') return;
    const { record } = outcome;
    const { keepsExpiry } = baseline.terms;
    const longest = this.#longestUnused(record);
    const isShortened = isMaxAgeChosen || (longest < baseline.longestUnused && !keepsExpiry && baseline.state === 'stored');
    const lifetime = lifetimeOf(record.maxAge, this.options, isShortened, keepsExpiry, longest);
    const now = performance.now();
    if (isShortened || baseline.expiresAt - now < lifetime.ms - lifetime.slack) baseline.expiresAt = now + lifetime.ms;
    if (isMaxAgeChosen) baseline.hasMoved = true;
    this.#move(session, baseline, then, record);
  }

  /** Moves base and live session on together, to a record that was loaded anew. */
  refresh(session: object, baseline: SessionBaseline, record: StoredRecord, time: TimeLeft): void {
    setTime(baseline, time);
    this.#move(session, baseline, { values: baseline.base, maxAge: baseline.maxAge }, record);
  }

  #move(session: object, baseline: SessionBaseline, then: Snapshot, record: StoredRecord): void {
    const isCookieUnchanged = !isOtherMaxAge(maxAgeOf(session), then.maxAge);
    if (baseline.state === 'stored' && isCookieUnchanged && isOtherMaxAge(record.maxAge, then.maxAge)) showMaxAge(session, record.maxAge);
    if (haveOtherValues(baseline.record, record)) baseline.hasMoved = true;
    showChosen(session, baseline.record?.values, record.values, this.options);
    const base = rebase(session, this.codec, then.values, record.values);
    moveTo(baseline, record, base === record.values ? undefined : base);
    baseline.longestUnused = this.#longestUnused(record);
  }

  #longestUnused({ values }: StoredRecord): number {
    return this.options.anonymousTtl === undefined
      ? Infinity
      : longestUnused(userIdIfKnown(values, this.options, this.codec), this.options);
  }

  #drop(baseline: SessionBaseline): void {
    baseline.state = 'gone';
    this.#logger.debug(`Record ${abbreviate(baseline.storageKey)} was destroyed while a request ran; the request's changes are dropped.`);
  }
}

function moveTo(baseline: SessionBaseline, record: StoredRecord, ownBase?: EncodedValues): void {
  baseline.state = 'stored';
  baseline.record = record;
  baseline.ownBase = ownBase;
}

/** Whether a record has other values than it had. The same record, loaded again, has the same. */
function haveOtherValues(before: StoredRecord | undefined, now: StoredRecord | undefined): boolean {
  return before?.values !== now?.values && !(before?.version === now?.version && before?.commitId === now?.commitId);
}

function setTime(baseline: SessionBaseline, { remaining, longest = Infinity }: TimeLeft): void {
  const now = performance.now();
  baseline.since = now;
  baseline.expiresAt = now + remaining;
  baseline.endsAt = now + longest;
}

/** Shows the max age that another request has chosen. */
function showMaxAge(session: object, maxAge: number | null): void {
  Object.assign((session as { cookie: object }).cookie, { maxAge });
}

function isEmpty(values: EncodedValues): boolean {
  for (const _ of values.keys()) return false;
  return true;
}
