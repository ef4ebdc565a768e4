/**
 * How processes tell each other something through the database.
 *
 * @experimental Part of `Dialect`.
 */
export interface Notifications {
  /** Sends texts: channel, list of texts. */
  readonly notify: string;
  /** Opens one more connection with the settings of the driver's pool. The caller closes it. */
  open(pool: object): Promise<object>;
  /**
   * Listens on a connection of `open`.
   *
   * @param hear is given each text
   * @param lose is called when the connection has ended. Then texts may have been missed
   * @returns closes the connection
   */
  listen(connection: object, channel: string, hear: (text: string) => void, lose: () => void): Promise<() => Promise<void>>;
}
