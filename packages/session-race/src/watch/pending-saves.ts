interface PendingSave {
  readonly session: object;
  readonly start: () => void;
}

/** The saves that wait for the read before them, by session id. */
export class PendingSaves {
  readonly #saves = new Map<string, Set<PendingSave>>();

  add(sid: string, save: PendingSave): void {
    const saves = this.#saves.get(sid) ?? new Set();
    this.#saves.set(sid, saves.add(save));
  }

  remove(sid: string, save: PendingSave): void {
    const saves = this.#saves.get(sid);
    saves?.delete(save);
    if (saves?.size === 0) this.#saves.delete(sid);
  }

  /** Starts the waiting saves of an id at once, so that they stay before the call that follows. */
  flush(sid: string, session?: unknown): void {
    for (const save of this.#saves.get(sid) ?? []) {
      if (session === undefined || save.session === session) save.start();
    }
  }
}
