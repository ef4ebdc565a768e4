import { once } from 'node:events';
import { createServer } from 'node:http';
import { STORES } from '../setups/index.js';

// One process of an app: node app/main.js connect-pg-simple "" '{"host":…}'. It reports its port.

const [name, row, at] = process.argv.slice(2);
const { rows } = STORES.find((store) => store.name === name);
const server = createServer(await rows[row](JSON.parse(at)));
// A client that reuses a connection must not meet one that the server has just closed.
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.send({ port: server.address().port });
process.once('disconnect', () => process.exit());
