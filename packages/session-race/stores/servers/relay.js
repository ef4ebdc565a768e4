import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** A TCP relay in front of a server. While it is cut, its connections are closed and new ones are refused, as those of a stopped server. */
export class Relay {
  #server;
  #target;
  #sockets = new Set();
  #port = 0;

  static async open(target) {
    const relay = new Relay();
    relay.#target = target;
    await relay.restore();
    return relay;
  }

  get at() {
    return { ...this.#target, host: '127.0.0.1', port: this.#port };
  }

  async cut() {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Listens again, at the same port. */
  async restore() {
    const { host, port } = this.#target;
    this.#server = createServer((client) => {
      const upstream = connect({ host, port });
      for (const [socket, other] of [
        [client, upstream],
        [upstream, client],
      ]) {
        this.#sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
          this.#sockets.delete(socket);
          other.destroy();
        });
        socket.pipe(other);
      }
    });
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = this.#server.address().port;
  }
}
