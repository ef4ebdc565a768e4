/** The command line was written wrong: what was given, and what would be right. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = UsageError.name;
  }
}
