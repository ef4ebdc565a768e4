import { Relay, type Target } from './relay.js';

// A relay in a process of its own, so that the app's work does not delay it.

/** The relay's argument, as JSON. */
export interface RelaySettings {
  readonly target: Target;
  /** In ms. */
  readonly roundTrip: number;
}

/** The relay's first message, and its answer to each message. */
export interface RelayMessage {
  readonly port: number;
  readonly roundTrips: number;
}

const { target, roundTrip } = JSON.parse(process.argv[2]!) as RelaySettings;
const relay = await Relay.listen(target, roundTrip);
const tell = () => process.send!({ port: relay.port, roundTrips: relay.roundTrips } satisfies RelayMessage);

process.on('message', tell);
process.on('disconnect', () => process.exit());
// An interrupt in the terminal also reaches the parent, which then ends this process.
process.on('SIGINT', () => {});
tell();
