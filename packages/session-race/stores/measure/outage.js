import { setTimeout as sleep } from 'node:timers/promises';
import { Visitor } from './visitor.js';

/** How long an app may take to work again after its server is back, in ms. */
const RECOVERY = 60_000;

/**
 * Cuts the connections to a store's server, once before a request loads its session and once between its load and its save.
 *
 * @param {() => Promise<import('./app-process.js').AppProcess>} start starts the app behind the relay
 * @param {import('../servers/relay.js').Relay} relay
 * @returns {Promise<{ atLoad: string, atSave: string }>}
 */
export async function outage(start, relay) {
  return { atLoad: await cutAtLoad(start, relay), atSave: await cutAtSave(start, relay) };
}

async function cutAtLoad(start, relay) {
  const app = await start();
  try {
    const visitor = new Visitor(app.url);
    await begin(visitor);
    await relay.cut();
    // The first request may be the one that notices the loss.
    const reads = [await visitor.read(), await visitor.read()];
    // A handler that finds no login goes on as for a new visitor, and may set something.
    const hasGoneOn = reads.some(({ status }) => status === 200);
    const update = hasGoneOn ? await visitor.set('during', 1) : undefined;
    await relay.restore();
    const parts = [[...new Set(reads.map(describeRead))].join(', then ')];
    const hasRecovered = await untilItWorks(app);
    if (!app.isRunning) parts.push('the process ends');
    else if (!hasRecovered) parts.push('does not work again within 60 s');
    else if (hasGoneOn) parts.push(`an update gets ${update.status ?? 'no answer'}`, await describeLogin(visitor));
    return parts.join('; ');
  } finally {
    await app.stop();
  }
}

function describeRead({ status, isLate, values, hasSession }) {
  if (status === undefined) return isLate ? 'no answer' : 'the connection is closed';
  if (status !== 200) return `error ${status}`;
  if (values.first) return '200 with the session';
  return hasSession ? '200 with an empty session' : '200 without a session';
}

async function describeLogin(visitor) {
  const { values } = await visitor.read();
  return values.first ? 'the login is kept' : 'the login is lost';
}

async function cutAtSave(start, relay) {
  const app = await start();
  try {
    const visitor = new Visitor(app.url);
    await begin(visitor);
    const reached = app.gateReached();
    const answering = visitor.setHeld('late', 1);
    await Promise.race([reached, answering]);
    await relay.cut();
    app.openGate();
    const { status, isLate } = await answering;
    await relay.restore();
    const hasRecovered = await untilItWorks(app);
    const { values } = hasRecovered ? await visitor.read() : await readInNewProcess(start, visitor);
    const outcome = `${describeStatus(status, isLate)}, ${values.late ? 'stored' : 'not stored'}`;
    if (!app.isRunning) return `${outcome}; the process ends`;
    return hasRecovered ? outcome : `${outcome}; does not work again within 60 s`;
  } finally {
    await app.stop();
  }
}

async function readInNewProcess(start, visitor) {
  const app = await start();
  try {
    return await visitor.at(app.url).read();
  } finally {
    await app.stop();
  }
}

function describeStatus(status, isLate) {
  if (status === undefined) return isLate ? 'no answer' : 'the connection is closed';
  return status === 200 ? '200' : `error ${status}`;
}

async function begin(visitor) {
  await visitor.set('first', 1);
  const { values } = await visitor.read();
  if (!values.first) throw new Error('The session does not begin.');
}

async function untilItWorks(app) {
  const until = Date.now() + RECOVERY;
  while (Date.now() < until && app.isRunning) {
    const probe = new Visitor(app.url);
    const { status } = await probe.set('first', 1);
    if (status === 200 && (await probe.read()).values.first) return true;
    await sleep(200);
  }
  return false;
}
