/** Calls that are held back. */
export interface HeldCalls {
  /** Resolves when all of them have arrived. */
  readonly allHeld: Promise<void>;
  /** Releases them. */
  release(): void;
}

/** Holds back the next `count` calls of a method, on all objects of a class. */
export function holdCalls<Name extends string>(
  prototype: Record<Name, (...parameters: any[]) => unknown>,
  method: Name,
  count: number,
): HeldCalls {
  const [allHeld, released] = [deferred(), deferred()];
  const original = prototype[method];
  let calls = 0;
  const held = async function (this: unknown, ...parameters: unknown[]) {
    const isHeld = ++calls <= count;
    if (calls === count) allHeld.resolve();
    if (isHeld) await released.promise;
    return original.apply(this, parameters);
  };
  Object.assign(prototype, { [method]: held });
  const release = () => {
    Object.assign(prototype, { [method]: original });
    released.resolve();
  };
  return { allHeld: allHeld.promise, release };
}

function deferred() {
  let resolve = () => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
