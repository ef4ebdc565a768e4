/** A server that is ready for the benchmark. */
export interface Server<Address> {
  readonly version: string;
  readonly address: Address;
  /** Removes everything that the benchmark created. */
  stop(): Promise<void>;
}
