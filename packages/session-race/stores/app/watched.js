import { once } from 'node:events';
import { createServer } from 'node:http';
import express from 'express';
import session from 'express-session';
import { watchStore } from '../../dist/index.js';
import * as pgSimple from '../setups/connect-pg-simple.js';
import * as redis from '../setups/connect-redis.js';

// An app whose store is watched while the runner says so: node app/watched.js connect-redis '{"host":…}'. It reports its CPU time.

const OPENERS = {
  MemoryStore: () => new session.MemoryStore(),
  'connect-pg-simple': pgSimple.openStore,
  'connect-redis': redis.openStore,
};

const [name, at] = process.argv.slice(2);
const store = await OPENERS[name](JSON.parse(at));
const app = express();
app.use(session({ store, secret: 'of the measure', resave: false, saveUninitialized: false }));
app.post('/begin', (req, res) => res.json(Object.assign(req.session, values())));
app.get('/read', (req, res) => res.json(Object.keys(req.session).length));
app.post('/save', (req, res) => res.json((req.session.count = (req.session.count ?? 0) + 1)));

const server = createServer(app);
server.listen(0, '127.0.0.1');
await once(server, 'listening');

let watch;
process.on('message', (order) => {
  if (order === 'watch') watch = watchStore(store);
  if (order === 'stop') watch.stop();
  process.send({ cpu: process.cpuUsage(), counts: watch?.counts });
});
process.once('disconnect', () => process.exit());
process.send({ port: server.address().port });

/** 1.5 kB in 6 keys. */
function values() {
  const cart = Array.from({ length: 12 }, (_, n) => ({ sku: `article-${n}`, quantity: n + 1, price: 1999, currency: 'EUR' }));
  const user = { id: 42, name: 'Ada Lovelace', roles: ['editor', 'reviewer'], locale: 'en-GB', company: 'Analytical Engines' };
  return { user, cart, csrf: 'x'.repeat(43), visited: ['/', '/cart', '/checkout'], flash: ['Saved.'], count: 0 };
}
