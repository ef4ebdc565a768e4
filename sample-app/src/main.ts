import 'reflect-metadata';
import { SettingError } from './setting-error.js';

try {
  // Imported here, because it already reads the environment variables while it is loaded.
  const { start } = await import('./start.js');
  console.log(`The sample app runs at ${await start(process.env)}`);
} catch (error) {
  if (!(error instanceof SettingError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
