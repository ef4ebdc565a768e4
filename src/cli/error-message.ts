/** Returns an error's message as one line. An error about several addresses has no message of its own. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as NodeJS.ErrnoException;
  const lines = (error.message || code || error.name).split('\n').map((line) => line.trim());
  return lines.filter((line) => line !== '').join(' ');
}
