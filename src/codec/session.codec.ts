import { Injectable } from '@nestjs/common';
import type { EncodedValues } from '../merge/encoded-values.js';
import { SessionDecryptionError, SessionNotSerializableError } from '../smart-session.errors.js';
import { asError, describeThrown } from '../shared/thrown.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { FLATTER, TOO_DEEP, canonicalJson } from './canonical-json.js';
import { DEEPEST } from './depth.js';
import { jsonCodec } from './json.codec.js';
import { isReservedName } from './reserved-names.js';
import { MemberScanner } from './member-scanner.js';
import { holdsMember, holdsMembers } from './parsed-members.js';
import { isDeeperThan } from './plain-json.js';
import { isEnvelope, isEnvelopeText, mayHoldEnvelopes, richCodec } from './rich.codec.js';
import { Seal, isSealed } from './seal.js';
import { storageKeyOf } from './storage-key.js';
import type { ValueCodec } from '../shared/value-codec.js';

/** The values of a session, by key. */
export type SessionValues = Record<string, unknown>;

/**
 * Converts between the values of a session, their encoded texts, the text of a record, and the key and data of its row. One file,
 * because each step has its inverse beside it.
 */
@Injectable()
export class SessionCodec {
  readonly #values: ValueCodec;
  readonly #seal: Seal | undefined;
  readonly #hashesIds: boolean;
  /** Whether it also reads values of the rich codec, besides those of `json`. */
  readonly #readsRich: boolean;
  protected readonly scanner = new MemberScanner();

  constructor({ serializer, encryption, hashIds }: SmartSessionOptions) {
    this.#hashesIds = hashIds;
    this.#values = typeof serializer === 'object' ? serializer : CODECS[serializer];
    this.#readsRich = this.#values === jsonCodec;
    this.#seal = encryption && new Seal(encryption);
  }

  /** Returns the key of a session's row. */
  storageKeyOf(sessionId: string): string {
    return this.#hashesIds ? storageKeyOf(sessionId) : sessionId;
  }

  /** The id of the key that encrypts; undefined if data is stored as plain text. */
  get sealingKeyId(): string | undefined {
    return this.#seal?.sealingKeyId;
  }

  /** Returns the data to store for the text of a record. It is sealed if encryption is on. */
  seal(storageKey: string, text: string): string {
    return this.#seal ? this.#seal.seal(storageKey, text) : text;
  }

  /**
   * Returns the text of a record from the data of its row.
   *
   * @throws SessionDecryptionError
   */
  open(storageKey: string, data: string): string {
    if (this.#seal) return this.#seal.open(storageKey, data);
    if (isSealed(data))
      throw new SessionDecryptionError(
        storageKey,
        'it is encrypted, but the option `encryption` is not set. Set it to the keys that encrypted the data.',
      );
    return data;
  }

  /**
   * Encodes each top-level key of a session. The cookie is not data and is left out.
   *
   * @param stored the values of the record; if `rich` wrote a part of them, a handler may have moved that part to another key
   * @throws SessionNotSerializableError for a value that cannot be stored, and for a reserved name
   */
  encodeValues(session: object, stored?: EncodedValues): ReadonlyMap<string, string> {
    const values = new Map<string, string>();
    const rich = this.#readsRich && stored ? envelopeIn(stored) : undefined;
    for (const key of Object.keys(session)) {
      const text = key === 'cookie' ? undefined : this.encodeMember(key, session, rich);
      if (text !== undefined) values.set(key, text);
    }
    return values;
  }

  /**
   * Encodes the keys whose values differ from the parsed ones. Returns the text of each, or undefined if there is no value.
   *
   * @throws SessionNotSerializableError for a value that cannot be stored, and for a reserved name
   */
  encodeChanges(session: object, parsed: SessionValues): ReadonlyMap<string, string | undefined> {
    const changes = new Map<string, string | undefined>();
    for (const key of Object.keys(session)) {
      if (key !== 'cookie' && !this.#isMemberAsParsed(session, parsed, key)) changes.set(key, this.encodeMember(key, session));
    }
    for (const key of Object.keys(parsed)) if (!Object.hasOwn(session, key)) changes.set(key, undefined);
    return changes;
  }

  /**
   * Encodes the value of a session's key, as `encodeValue` does. The key may be a getter of the app.
   *
   * @param stored as in `encodeValue`
   * @throws SessionNotSerializableError
   */
  encodeMember(key: string, session: object, stored?: string): string | undefined {
    let value: unknown;
    try {
      value = (session as SessionValues)[key];
    } catch (error) {
      throw unreadable(key, error);
    }
    return this.encodeValue(key, value, stored);
  }

  /**
   * Encodes the value of one top-level key. Returns undefined if there is nothing to store.
   *
   * @param stored texts of the record. Besides a value of `rich`, `json` writes values that it cannot represent in the rich form
   *   too
   * @throws SessionNotSerializableError
   */
  encodeValue(key: string, value: unknown, ...stored: readonly (string | undefined)[]): string | undefined {
    if (isReservedName(key)) {
      throw new SessionNotSerializableError(key, 'any value (express-session reserves this name)', 'Use another name.');
    }
    try {
      const isRich = this.#readsRich && stored.some(isEnvelopeText);
      return (isRich ? richText(key, value) : undefined) ?? this.#textOf(key, value);
    } catch (error) {
      if (error instanceof SessionNotSerializableError) throw error;
      if (isStackOverflow(error)) throw new SessionNotSerializableError(key, TOO_DEEP, FLATTER);
      throw unreadable(key, error);
    }
  }

  /**
   * Parses the text of a record that is stored as plain JSON. Returns undefined for a text that only `split` can read. A large
   * record may have a `LongMember` in place of a value.
   *
   * @throws SyntaxError if the text is not a JSON object
   */
  parse(text: string): SessionValues | undefined {
    if (this.#values !== jsonCodec) return undefined;
    const mayBeRich = mayHoldEnvelopes(text);
    const scanned = mayBeRich ? undefined : this.scanner.scan(text);
    const parsed = scanned ?? (parseObject(text) as SessionValues);
    if (!scanned && isTooDeep(DEEPEST + 1, parsed, text)) return undefined;
    if (mayBeRich && Object.values(parsed).some(isEnvelope)) return undefined;
    for (const key of Object.keys(parsed)) if (isReservedName(key)) return undefined;
    return parsed;
  }

  /**
   * Returns the result of `parse` for other values, and reuses the values that were parsed already.
   *
   * @param keys the keys whose values differ from `parsed`
   */
  parseChanged(parsed: SessionValues, values: EncodedValues, keys: readonly string[]): SessionValues | undefined {
    const changed = { ...parsed };
    for (const key of keys) {
      const text = values.get(key);
      if (text !== undefined && isReservedName(key)) return undefined;
      if (text === undefined) delete changed[key];
      else changed[key] = JSON.parse(text);
      if (text !== undefined && (isTooDeep(DEEPEST, changed[key], text) || isEnvelope(changed[key]))) return undefined;
    }
    return changed;
  }

  /** Writes the text of a record from parsed values, which may have been replaced since. */
  stringify(parsed: SessionValues): string {
    return JSON.stringify(parsed);
  }

  /** Encodes a value that was parsed from a record's text, in the way a live session's value is encoded. */
  encodeStored(key: string, stored: unknown): string {
    if (isReservedName(key)) return canonicalJson(stored, key) ?? 'null';
    const codec = this.#readsRich && isEnvelope(stored) ? richCodec : this.#values;
    return canonicalJson(encodedBy(codec, key, codec.decode(stored)), key) ?? 'null';
  }

  /** Whether a session still holds the parsed values. False may also mean that only its encoded values can tell. */
  isAsParsed(session: object, parsed: SessionValues): boolean {
    try {
      return holdsMembers(session, parsed, 'cookie');
    } catch {
      // A getter or a proxy of the app has thrown. Encoding the value reports it.
      return false;
    }
  }

  /** Decodes values for a live session. Reserved names are left out. */
  decodeValues(values: EncodedValues): SessionValues {
    const decoded: SessionValues = {};
    for (const key of values.keys()) {
      if (!isReservedName(key)) decoded[key] = this.decodeValue(values.get(key)!);
    }
    return decoded;
  }

  /** Decodes one value. Every call returns its own copy. */
  decodeValue(text: string): unknown {
    return this.#values.decode(JSON.parse(text));
  }

  /** Joins encoded values into the text of a record. */
  join(values: EncodedValues): string {
    const members = [...values.keys()].toSorted().map((key) => `${JSON.stringify(key)}:${values.get(key)}`);
    return `{${members.join(',')}}`;
  }

  /**
   * Splits the text of a record into encoded values, as `encodeStored` encodes them. Reserved names are kept, so that a commit
   * carries them over.
   *
   * @throws SyntaxError if the text is not a JSON object, and the errors of the codec
   */
  split(text: string): EncodedValues {
    return new Map(Object.entries(parseObject(text)).map(([key, stored]) => [key, this.encodeStored(key, stored)]));
  }

  #isMemberAsParsed(session: object, parsed: SessionValues, key: string): boolean {
    try {
      return holdsMember(session, parsed, key);
    } catch {
      return false;
    }
  }

  /** Encodes a value. A value of the app that looks like an envelope goes into an envelope. */
  #textOf(key: string, value: unknown): string | undefined {
    const text = canonicalJson(encodedBy(this.#values, key, value), key);
    const isLookAlike = this.#readsRich && isEnvelopeText(text);
    return isLookAlike ? canonicalJson(richCodec.encode(JSON.parse(text!), key), key) : text;
  }
}

/** Returns the JSON value with which a codec stores a value. */
function encodedBy(codec: ValueCodec, key: string, value: unknown): unknown {
  try {
    return codec.encode(value, key);
  } catch (error) {
    if (error instanceof SessionNotSerializableError || isStackOverflow(error)) throw error;
    throw new SessionNotSerializableError(
      key,
      `a value that the serializer refuses (${describeThrown(error)})`,
      'Store what it accepts.',
      asError(error),
    );
  }
}

/** Returns a value of a record that the rich codec has written. */
function envelopeIn(stored: EncodedValues): string | undefined {
  for (const key of stored.keys()) if (isEnvelopeText(stored.get(key))) return stored.get(key);
  return undefined;
}

/** Returns the text of a value in the rich codec, or undefined if the codec refuses the value. */
function richText(key: string, value: unknown): string | undefined {
  try {
    return canonicalJson(richCodec.encode(value, key), key);
  } catch {
    return undefined;
  }
}

function parseObject(text: string): object {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new SyntaxError('not a JSON object');
  return parsed;
}

/** Checks the length first: a short text cannot be deep. */
function isTooDeep(levels: number, parsed: unknown, text: string): boolean {
  return text.length > 2 * levels && isDeeperThan(levels, parsed);
}

/** Returns the error for a toJSON(), getter or proxy of the app that has failed. */
function unreadable(key: string, error: unknown): SessionNotSerializableError {
  return new SessionNotSerializableError(
    key,
    `a value that fails when it is read (${describeThrown(error)})`,
    'Fix its toJSON() or getter, or store something else.',
    asError(error),
  );
}

function isStackOverflow(error: unknown): boolean {
  return describeThrown(error) === 'RangeError: Maximum call stack size exceeded';
}

const CODECS = { json: jsonCodec, rich: richCodec } as const;
