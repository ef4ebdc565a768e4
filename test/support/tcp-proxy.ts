import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What becomes of bytes that a client sends. */
export type Passage =
  | 'forward'
  /** The connection ends before the server has them. */
  | 'cut before'
  /** The connection ends when the server has answered them, before the client hears of it. */
  | 'cut after';

interface Target {
  readonly host: string;
  readonly port: number;
}

/** Stands between an app and its database, and does what networks do. */
export class TcpProxy {
  /** Where new connections lead. */
  target: Target;
  /** How long an answer takes longer than the server's, in ms. */
  delay = 0;
  /** Decides about what a client sends. */
  judge: (sent: Buffer) => Passage = () => 'forward';
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  #isBlackHole = false;

  private constructor(target: Target) {
    this.target = target;
    this.#server = createServer((client) => this.#carry(client, connect(this.target)));
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

  /** From now on nothing arrives, and nobody is told; a connection that saw this stays silent for good. */
  openBlackHole(): void {
    this.#isBlackHole = true;
    for (const client of this.#clients) client.emit('swallowed');
  }

  /** New connections work again. */
  closeBlackHole(): void {
    this.#isBlackHole = false;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #carry(client: Socket, server: Socket): void {
    let isSilent = this.#isBlackHole;
    let isCut = false;
    this.#clients.add(client);
    const end = () => {
      this.#clients.delete(client);
      client.destroy();
      server.destroy();
    };
    client.once('swallowed', () => (isSilent = true));
    client.on('data', (sent: Buffer) => {
      const passage = isSilent ? 'forward' : this.judge(sent);
      if (passage === 'cut before') return end();
      isCut ||= passage === 'cut after';
      if (!isSilent) server.write(sent);
    });
    server.on(
      'data',
      (answer: Buffer) =>
        void this.#answer(
          client,
          answer,
          () => isSilent,
          () => isCut,
          end,
        ),
    );
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
