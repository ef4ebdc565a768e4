import session from 'express-session';

type Callback = (error?: unknown, data?: session.SessionData | null) => void;

/** The control that must come out clean: from its load to its save, a request has its session to itself. */
export class LockingStore extends session.MemoryStore {
  readonly #waiting = new Map<string, (() => void)[]>();

  override get(sid: string, callback: Callback): void {
    this.#lock(sid, () =>
      super.get(sid, (error, data) => {
        if (error || !data) this.#release(sid);
        callback(error, data);
      }),
    );
  }
  override set(sid: string, data: session.SessionData, callback?: Callback): void {
    super.set(sid, data, this.#releasing(sid, callback));
  }
  override touch(sid: string, data: session.SessionData, callback?: () => void): void {
    super.touch(sid, data, this.#releasing(sid, callback));
  }
  override destroy(sid: string, callback?: Callback): void {
    super.destroy(sid, this.#releasing(sid, callback));
  }

  #lock(sid: string, work: () => void): void {
    const waiting = this.#waiting.get(sid);
    if (waiting) return void waiting.push(work);
    this.#waiting.set(sid, []);
    work();
  }
  #release(sid: string): void {
    const next = this.#waiting.get(sid)?.shift();
    if (next) next();
    else this.#waiting.delete(sid);
  }
  #releasing(sid: string, callback: Callback = () => {}): Callback {
    return (error) => {
      this.#release(sid);
      callback(error);
    };
  }
}

/** Answers before it has stored. */
export class HastyStore extends LockingStore {
  override set(sid: string, data: session.SessionData, callback?: Callback): void {
    setTimeout(() => session.MemoryStore.prototype.set.call(this, sid, data), 2);
    this.touch(sid, data, () => callback?.());
  }
}

/** Now and then shows another session. */
export class ConfusingStore extends LockingStore {
  readonly #ids = new Set<string>();
  #count = 0;

  override get(sid: string, callback: Callback): void {
    super.get(sid, (error, data) => {
      const other = [...this.#ids].at(-1);
      if (!data || !other || other === sid || ++this.#count % 10 > 0) return callback(error, data);
      this.all!((_, all) => callback(error, (all as Record<string, session.SessionData> | undefined)?.[other] ?? data));
    });
  }
  override set(sid: string, data: session.SessionData, callback?: Callback): void {
    this.#ids.add(sid);
    super.set(sid, data, callback);
  }
}

/** Says of each save that it failed, and stores nothing, once its sessions have begun. */
export class FailingStore extends LockingStore {
  #saves = 0;

  constructor(private readonly every: number) {
    super();
  }
  override set(sid: string, data: session.SessionData, callback?: Callback): void {
    // The preflight has six.
    if (++this.#saves <= 6 || this.#saves % this.every > 0) return super.set(sid, data, callback);
    this.touch(sid, data, () => callback?.(new Error('the disk is full')));
  }
}

/** Keeps nothing. */
export class ForgetfulStore extends session.MemoryStore {
  override get(_sid: string, callback: Callback): void {
    callback();
  }
}
