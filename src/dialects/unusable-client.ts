/** The client of the app gives connections that the library cannot use. The message says what to change. */
export class UnusableClientError extends Error {
  constructor(message: string) {
    super(message);
    this.name = UnusableClientError.name;
  }
}
