import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** The treatment of bytes from a client. */
export type Passage =
  | 'forward'
  /** The connection ends before the server receives them. */
  | 'cut before'
  /** The connection ends after the server's answer, before the client receives it. */
  | 'cut after';

interface Target {
  readonly host: string;
  readonly port: number;
}

/** A proxy between an app and its database that simulates network faults. */
export class TcpProxy {
  /** The target of new connections. */
  target: Target;
  /** The additional time of an answer, in ms. */
  delay = 0;
  /** Decides how bytes of a client are treated. */
  judge: (sent: Buffer) => Passage = () => 'forward';
  /** New connections wait for it. */
  gate: Promise<void> | undefined;
  /** How often a client has sent bytes after an answer, or first. */
  roundTrips = 0;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  #isBlackHole = false;

  private constructor(target: Target) {
    this.target = target;
    this.#server = createServer(async (client) => {
      await this.gate;
      this.#carry(client, connect(this.target));
    });
  }

  static async start(target: Target): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get address() {
    return { host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port };
  }

  /** Ends all open connections. */
  endConnections(): void {
    for (const client of this.#clients) client.destroy();
  }

  /** Drops everything from now on without a notice. An open connection stays silent for good. */
  openBlackHole(): void {
    this.#isBlackHole = true;
    for (const client of this.#clients) client.emit('swallowed');
  }

  /** New connections work again. */
  closeBlackHole(): void {
    this.#isBlackHole = false;
  }

  async close(): Promise<void> {
    this.endConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #carry(client: Socket, server: Socket): void {
    let isSilent = this.#isBlackHole;
    let isCut = false;
    let isAnswered = true;
    this.#clients.add(client);
    const end = () => {
      this.#clients.delete(client);
      client.destroy();
      server.destroy();
    };
    client.once('swallowed', () => (isSilent = true));
    client.on('data', (sent: Buffer) => {
      if (isAnswered) this.roundTrips++;
      isAnswered = false;
      const passage = isSilent ? 'forward' : this.judge(sent);
      if (passage === 'cut before') return end();
      isCut ||= passage === 'cut after';
      if (!isSilent) server.write(sent);
    });
    server.on('data', (answer: Buffer) => {
      isAnswered = true;
      void this.#answer(
        client,
        answer,
        () => isSilent,
        () => isCut,
        end,
      );
    });
    for (const socket of [client, server]) socket.setNoDelay().on('error', end);
    client.on('close', end);
    server.on('close', () => !isSilent && end());
  }

  async #answer(client: Socket, answer: Buffer, isSilent: () => boolean, isCut: () => boolean, end: () => void): Promise<void> {
    if (this.delay > 0) await sleep(this.delay);
    if (isCut()) return end();
    if (!isSilent()) client.write(answer);
  }
}
