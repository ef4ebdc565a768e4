import { MissingPackageError, importError } from './dialects/missing-package.js';
import { reasonIn } from './shared/redaction.js';
import { SmartSessionConfigError } from './smart-session.errors.js';

const NAME = '@opentelemetry/api';

/**
 * Imports OpenTelemetry's API for the option `telemetry`.
 *
 * @throws SmartSessionConfigError if it is not installed or fails
 */
export async function importTelemetryApi(): Promise<typeof import('@opentelemetry/api')> {
  try {
    // A bundler follows an import only if its name is a literal.
    return await import('@opentelemetry/api');
  } catch (error) {
    const found = importError(NAME, error);
    if (found instanceof MissingPackageError)
      throw new SmartSessionConfigError('telemetry', `true was given, but ${found.message}`, `Install it: npm install ${NAME}`, error);
    throw new SmartSessionConfigError(
      'telemetry',
      `true was given, but ${NAME} cannot be loaded: ${reasonIn(error)}`,
      'Fix that, or leave `telemetry` out.',
      error,
    );
  }
}
