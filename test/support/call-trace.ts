import { createHook, executionAsyncId } from 'node:async_hooks';

/** A frame in a file of `src`. */
export interface Frame {
  /** Its path below `src`. */
  readonly file: string;
  readonly name: string;
}

/** Where an asynchronous continuation was registered. */
interface Origin {
  readonly frames: readonly Frame[];
  readonly parent: number;
}

const SRC = `${process.cwd()}/src/`;

/**
 * Follows calls across awaits, callbacks, events and timers. It keeps the stack of the code that makes an asynchronous
 * resource, such as the promise of an await, for each resource. So it sees every frame: also those that have returned
 * meanwhile, and those of callers that do not wait for the result, which the async stack of an error leaves out.
 */
export class CallTrace {
  readonly #origins = new Map<number, Origin>();
  readonly #hook = createHook({
    init: (id) => void this.#origins.set(id, { frames: framesNow(), parent: executionAsyncId() }),
  });

  /** Runs work, and follows what it causes meanwhile. */
  async during(work: () => Promise<unknown>): Promise<void> {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = Infinity;
    this.#hook.enable();
    try {
      await work();
    } finally {
      this.#hook.disable();
      Error.stackTraceLimit = limit;
    }
  }

  /** The frames in `src` from the current call outwards. */
  here(): Frame[] {
    const frames = [...framesNow()];
    for (let origin = this.#origins.get(executionAsyncId()); origin; origin = this.#origins.get(origin.parent))
      frames.push(...origin.frames);
    return frames;
  }
}

function framesNow(): Frame[] {
  const { prepareStackTrace } = Error;
  // The callers that await a resumed function are left out here: the origin of its continuation has them, and all others.
  Error.prepareStackTrace = (_, sites) => sites.filter((site) => !site.isAsync());
  const sites = new Error().stack as unknown as NodeJS.CallSite[];
  Error.prepareStackTrace = prepareStackTrace;
  return sites.flatMap((site) => {
    const path = (site.getFileName() ?? '').replace('file://', '');
    return path.startsWith(SRC) ? [{ file: path.slice(SRC.length), name: site.getFunctionName() ?? '' }] : [];
  });
}
