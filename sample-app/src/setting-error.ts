/** An environment variable of the sample app has a value that cannot be used. The message says what to do, so that no stack is needed. */
export class SettingError extends Error {
  override readonly name = 'SettingError';

  constructor(variable: string, value: string, problem: string) {
    super(`${variable}=${value}: ${problem}`);
  }
}
