/** A package is not installed, or cannot be found from this library's folder. */
export class MissingPackageError extends Error {
  constructor(name: string, cause: unknown) {
    super(`${name} cannot be found`, { cause });
    this.name = MissingPackageError.name;
  }
}

/**
 * Returns the error to throw when the import of a package fails: `MissingPackageError` if this package itself is missing,
 * otherwise the given error.
 */
export function importError(name: string, error: unknown): unknown {
  const { code, message = '', data } = error as NodeJS.ErrnoException & { data?: { dependencyName?: unknown } };
  const isOfMissing = code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND';
  // Yarn's Plug'n'Play gives the name in `data`.
  const isMissing = isOfMissing && (message.includes(`'${name}'`) || data?.dependencyName === name);
  return isMissing ? new MissingPackageError(name, error) : error;
}
