import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import type { Request, Response } from 'express';
import { pathOf } from '../http/request-path.js';
import { SessionLogger } from '../security/session-logger.js';
import { shownKeys } from '../shared/shown-keys.js';
import { SessionStates } from '../protocol/session-states.js';

/** The time that a handler has to save changes after its response, in ms. */
const LOOK_EVERY = 1000;

/** The number of checks of each session after its response. */
const MOST_LOOKS = 10;

/** A request whose response has been sent. */
class AnsweredRequest {
  #looks = 0;
  #seen = '';

  constructor(readonly request: Request) {}

  get route(): string {
    const { method, baseUrl, route } = this.request;
    const { path = undefined } = (route ?? {}) as { readonly path?: string };
    return `${method} ${path === undefined ? pathOf(this.request) : `${baseUrl}${path}`}`;
  }

  /** Checks once more. Returns whether the same unsaved changes were there at the previous check. */
  sees(keys: readonly string[]): boolean {
    const isSame = keys.length > 0 && shownKeys(keys) === this.#seen;
    this.#seen = shownKeys(keys);
    this.#looks++;
    return isSame;
  }

  get isOver(): boolean {
    return this.#looks >= MOST_LOOKS;
  }
}

/**
 * Warns about changes that are made after the response and never saved. They are lost without an error. Used in development only,
 * because it keeps each request for some seconds.
 */
@Injectable()
export class LateChanges implements OnModuleDestroy {
  readonly #logger = new SessionLogger();
  readonly #answered = new Set<AnsweredRequest>();
  readonly #warned = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  /** @internal Called by Nest. */
  constructor(private readonly states: SessionStates) {}

  /** Watches a request's session once its response is sent. */
  watch(request: Request, response: Response): void {
    response.once('close', () => {
      this.#answered.add(new AnsweredRequest(request));
      this.#timer ??= setInterval(() => this.look(), LOOK_EVERY).unref();
    });
  }

  /** Checks the sessions of all requests that were answered in the last seconds. */
  look(): void {
    for (const answered of this.#answered) {
      const keys = this.#unsavedKeys(answered.request);
      const isLost = answered.sees(keys);
      if (isLost) this.#warn(answered.route, keys);
      if (isLost || answered.isOver) this.#answered.delete(answered);
    }
    if (this.#answered.size === 0) this.#stop();
  }

  onModuleDestroy(): void {
    this.#answered.clear();
    this.#stop();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #unsavedKeys({ session }: Request): readonly string[] {
    try {
      return session ? this.states.unsavedKeys(session) : [];
    } catch {
      // The handler may have put any value into its session.
      return [];
    }
  }

  #warn(route: string, keys: readonly string[]): void {
    if (this.#warned.has(route)) return;
    this.#warned.add(route);
    this.#logger.warn(
      `A handler of ${route} changed ${shownKeys(keys)} in the session after the response. The change was not saved and is lost. Change the session before the response, or commit it afterwards with SessionService.commit.`,
    );
  }
}
