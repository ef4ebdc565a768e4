import { connect } from 'node:net';

/** Whether a server accepts connections at an address, within 2 seconds. */
export function answers({ host, port }) {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2000 });
    const settle = (there) => {
      socket.destroy();
      resolve(there);
    };
    socket
      .once('connect', () => settle(true))
      .once('error', () => settle(false))
      .once('timeout', () => settle(false));
  });
}
