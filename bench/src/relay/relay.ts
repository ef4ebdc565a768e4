import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Agenda } from './agenda.js';
import { now } from './alarm.js';

/** The server behind a relay. */
export interface Target {
  readonly host: string;
  readonly port: number;
}

/**
 * Stands between clients and a server like a long line: bytes take half a round trip in each direction, however many are on
 * their way, and a connection takes a round trip to open.
 */
export class Relay {
  /** How many times clients have sent something after an answer, in all connections. */
  roundTrips = 0;
  readonly #agenda = new Agenda();
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  readonly #target: Target;
  readonly #oneWay: number;

  private constructor(target: Target, roundTrip: number) {
    this.#target = target;
    this.#oneWay = roundTrip / 2;
    // A client may close its side before the server does.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#carry(client));
  }

  /** @param roundTrip in ms */
  static async listen(target: Target, roundTrip: number): Promise<Relay> {
    const relay = new Relay(target, roundTrip);
    relay.#server.listen(0, '127.0.0.1');
    await once(relay.#server, 'listening');
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    this.#server.close();
    await once(this.#server, 'close');
    await this.#agenda.close();
  }

  #carry(client: Socket): void {
    const server = connect({ ...this.#target, allowHalfOpen: true, noDelay: true, autoSelectFamily: false });
    server.pause();
    // The system has accepted the connection already. Over a line, the third packet of the handshake reaches the server now.
    this.#agenda.add(now() + 3 * this.#oneWay, () => server.resume());
    this.#clients.add(client);
    const end = () => {
      this.#clients.delete(client);
      client.destroy();
      server.destroy();
    };
    let isAnswered = true;
    this.#forward(client, server, () => {
      if (isAnswered) this.roundTrips++;
      isAnswered = false;
    });
    this.#forward(server, client, () => (isAnswered = true));
    for (const socket of [client, server]) socket.on('error', end);
    client.on('close', end);
    server.on('close', () => this.#agenda.add(now() + this.#oneWay, end));
  }

  #forward(from: Socket, to: Socket, seen: () => void): void {
    const later = (work: () => void) => this.#agenda.add(now() + this.#oneWay, work);
    from.on('data', (bytes: Buffer) => {
      seen();
      later(() => to.write(bytes));
    });
    from.on('end', () => later(() => to.end()));
  }
}
