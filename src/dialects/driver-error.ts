/** The parts of a driver's error that tell what happened. */
export interface DriverError {
  readonly code: string | undefined;
  readonly errno: number | undefined;
  readonly message: string;
}

/** Reads a driver's error, also where MikroORM has wrapped it. */
export function driverError(error: unknown): DriverError {
  const { code, errno, message } = (error ?? {}) as Record<string, unknown>;
  return {
    code: typeof code === 'string' ? code : undefined,
    errno: typeof errno === 'number' ? errno : undefined,
    message: typeof message === 'string' ? message : String(error),
  };
}

/** The connection broke after it had been opened: what was sent may have been done. */
export function isConnectionLost({ code, message }: DriverError): boolean {
  return (
    code === 'ECONNRESET' ||
    code === 'EPIPE' ||
    code === 'ETIMEDOUT' ||
    code === 'PROTOCOL_CONNECTION_LOST' ||
    // MariaDB's connector: closed by the other side, or silent, or torn while a statement was under way.
    code === 'ER_SOCKET_UNEXPECTED_CLOSE' ||
    code === 'ER_SOCKET_TIMEOUT' ||
    code === 'ER_CMD_NOT_EXECUTED_DESTROYED' ||
    // pg gives this error no code.
    message.startsWith('Connection terminated')
  );
}
