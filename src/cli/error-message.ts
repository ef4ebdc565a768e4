/** What an error says, in one line. An error of several addresses that were tried has no message of its own. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  return (error.message || code || error.name).replaceAll(/\s*\n\s*/g, ' ');
}
