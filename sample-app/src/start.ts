import { ensureDatabase } from './ensure-database.js';
import { listen } from './listen.js';
import { createApp } from './platform.js';

/**
 * Starts the app and returns its address.
 *
 * @throws SettingError if an environment variable has a value that cannot be used
 */
export async function start({ PLATFORM, PORT = '3000' }: NodeJS.ProcessEnv): Promise<string> {
  await ensureDatabase();
  const app = await createApp(PLATFORM);
  app.enableShutdownHooks();
  try {
    await listen(app, PORT);
  } catch (error) {
    await app.close();
    throw error;
  }
  return `http://localhost:${PORT}`;
}
