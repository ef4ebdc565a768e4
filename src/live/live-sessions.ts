import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import type { SessionData } from 'express-session';
import { deferAgain, withoutDeferred } from '../codec/deferred-member.js';
import { SessionCodec } from '../codec/session.codec.js';
import { COOKIE_DEFAULTS } from '../options/cookie-rules.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { haveOtherValues, type SessionRecord } from '../records/session-record.js';
import { longestUnusedWith } from '../records/user-id.js';
import { attributesFor, resolveAuto } from '../security/cookie-template.js';
import { chosenIn } from './chosen-cookie.js';
import { LiveSession, type TimeLeft } from './live-session.js';
import { LiveSessionField } from './live-session-field.js';
import { isStarted, startOf } from './request-start.js';
import { hideFromHash, hideUsedData } from './session-hash.js';

/** Makes the live sessions of requests, and finds the state of each: its base, its policy, its lock. */
@Injectable()
export class LiveSessions {
  constructor(
    private readonly codec: SessionCodec,
    private readonly options: SmartSessionOptions,
  ) {}

  /** Makes the data of a record that was loaded, which knows its base. */
  open(storageKey: string, record: SessionRecord, time: TimeLeft): SessionData {
    const data = this.inflate(record, time.remaining);
    const live = new LiveSession(storageKey);
    live.moveTo(record, longestUnusedWith(record.values, this.options, this.codec));
    live.startsWith(time);
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
    const data = record.decode();
    data.cookie = cookie;
    return data as unknown as SessionData;
  }

  /**
   * Returns loaded data for express-session, which reads each value to copy it. Members that are parsed when they are read are
   * undefined in it. `adopt` adds them to the live session.
   */
  copiable(data: SessionData): SessionData {
    return LiveSessionField.find(data)?.record?.isDeferred ? (withoutDeferred(data) as unknown as SessionData) : data;
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
    if (live.record?.isDeferred) deferAgain(data, session);
    hideFromHash(session);
    hideUsedData(data);
    const replaced = previous && LiveSessionField.find(previous);
    if (!replaced) return;
    live.policy = replaced.policy;
    if (replaced.storageKey !== live.storageKey) return;
    live.lease = replaced.lease;
    live.locks = replaced.locks;
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
        'The object to commit is not a live session of express-session. Set keys on `req.session` instead of replacing it.',
      );
    }
    return this.of(session);
  }
}
