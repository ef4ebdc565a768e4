/** A package is not installed, or cannot be found from where this library is. */
export class MissingPackageError extends Error {
  constructor(name: string, cause: unknown) {
    super(`${name} cannot be found`, { cause });
    this.name = MissingPackageError.name;
  }
}

/** The error to throw when the import of a package fails: `MissingPackageError` if it is this very package that is missing, else the error itself. */
export function importError(name: string, error: unknown): unknown {
  const { code, message = '' } = error as NodeJS.ErrnoException;
  const isMissing = (code === 'ERR_MODULE_NOT_FOUND' || code === 'MODULE_NOT_FOUND') && message.includes(`'${name}'`);
  return isMissing ? new MissingPackageError(name, error) : error;
}
