/** Whether a value can be a session id. */
export function isSessionId(given: unknown): given is string {
  return typeof given === 'string' && given !== '';
}
