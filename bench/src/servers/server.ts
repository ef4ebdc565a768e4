/** A server that is ready for the benchmark. */
export interface Server<Address> {
  readonly version: string;
  readonly address: Address;
  /** Removes what the benchmark made. */
  stop(): Promise<void>;
}
