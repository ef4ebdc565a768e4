import { Logger, type INestApplication } from '@nestjs/common';
import { LOG_LEVELS } from './platform.js';
import { SettingError } from './setting-error.js';

const PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program uses this port',
  EACCES: 'the operating system does not let you use this port',
  ERR_SOCKET_BAD_PORT: 'a port is a number from 0 to 65535',
};

/**
 * Listens on a port.
 *
 * @throws SettingError if the port is taken, not allowed, or not a port
 */
export async function listen(app: INestApplication, port: string): Promise<void> {
  await app.init();
  // Nest logs the error with its stack, although this function throws it.
  Logger.overrideLogger(false);
  try {
    await app.listen(Number(port));
  } catch (error) {
    const problem = PROBLEMS[(error as NodeJS.ErrnoException).code ?? ''];
    throw problem ? new SettingError('PORT', port, `${problem}. Choose another port, for example: PORT=3001 npm start`) : error;
  } finally {
    Logger.overrideLogger(LOG_LEVELS);
  }
}
