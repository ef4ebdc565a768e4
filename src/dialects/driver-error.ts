/** The parts of a driver's error that say what happened. */
export interface DriverError {
  readonly code: string | undefined;
  /** The number of a server's error. The operating system's error numbers are negative. */
  readonly errno: number | undefined;
  readonly sqlState: string | undefined;
  /** The server's own message, if the driver keeps it separately. */
  readonly sqlMessage: string;
  readonly message: string;
  /** Whether the driver was still opening the connection, so that nothing was sent. */
  readonly isUnconnected: boolean;
}

/** Reads a driver's error. MikroORM may have wrapped it. */
export function driverError(error: unknown): DriverError {
  const { code, errno, sqlState, sqlMessage, message } = (error ?? {}) as Record<string, unknown>;
  return {
    code: textOf(code),
    errno: typeof errno === 'number' ? errno : undefined,
    sqlState: textOf(sqlState),
    sqlMessage: textOf(sqlMessage) ?? '',
    message: textOf(message) ?? String(error),
    isUnconnected: isUnconnected(error),
  };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/**
 * Goes by the system call, because an open connection gives the same codes. If a host has several addresses, Node collects their
 * errors in one.
 */
function isUnconnected(error: unknown): boolean {
  const { syscall, errors } = (error ?? {}) as { readonly syscall?: unknown; readonly errors?: unknown };
  if (syscall === 'connect' || syscall === 'getaddrinfo') return true;
  return Array.isArray(errors) && errors.length > 0 && errors.every(isUnconnected);
}
