import { SessionUnreadableError } from '../smart-session.errors.js';
import { copyOf } from './plain-json.js';

/** A long member of a large record. Its text is parsed when the member is first used. */
export class LongMember {
  #parsed: { readonly value: unknown } | undefined;

  constructor(
    readonly key: string,
    readonly text: string,
  ) {}

  /**
   * The parsed value. It belongs to the record and must not be changed.
   *
   * @throws SessionUnreadableError
   */
  get value(): unknown {
    this.#parsed ??= { value: this.#parse() };
    return this.#parsed.value;
  }

  /**
   * Returns a copy of the value for a live session.
   *
   * @throws SessionUnreadableError
   */
  copy(): unknown {
    return copyOf(this.value);
  }

  #parse(): unknown {
    try {
      return JSON.parse(this.text);
    } catch {
      // The parser's message quotes the text.
      throw new SessionUnreadableError(this.key);
    }
  }
}

/** Whether a record has members that are parsed later. */
export function hasLongMembers(parsed: Readonly<Record<string, unknown>>): boolean {
  for (const key of Object.keys(parsed)) if (parsed[key] instanceof LongMember) return true;
  return false;
}

/** Returns the value of a record's member, which may be a long one. */
export function valueOf(member: unknown): unknown {
  return member instanceof LongMember ? member.value : member;
}
