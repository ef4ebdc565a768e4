/** Repeats a step until a promise settles, and returns what it resolves to. */
export async function repeatUntil<Value>(promise: Promise<Value>, step: (n: number) => unknown): Promise<Value> {
  const progress = { isSettled: false };
  const settled = promise.finally(() => (progress.isSettled = true));
  for (let n = 0; !progress.isSettled; n++) await step(n);
  return settled;
}
