import { once } from 'node:events';

/** Tells the runner that a request has loaded its session, and waits until the runner lets it go on. */
export async function passGate() {
  const opened = once(process, 'message');
  process.send('loaded');
  await opened;
}
