import connectPgSimple from 'connect-pg-simple';
import session from 'express-session';
import pg from 'pg';
import { expressApp } from '../app/express-app.js';

/** The control, which must come out clean: one lock for all processes and sessions, from each load to its save. */
export default {
  name: 'control: connect-pg-simple under one global lock',
  package: 'connect-pg-simple',
  link: 'https://github.com/voxpelli/node-connect-pg-simple',
  packages: ['pg', 'express-session'],
  server: 'postgresql',
  isControl: true,
  rows: { '': openApp },
};

function openApp({ host, port, user, password, database }) {
  const connection = { host, port, user, password, database };
  const lock = new GlobalLock(connection);
  return expressApp(new LockingStore(lock, { conObject: connection, createTableIfMissing: true }));
}

/** A lock of PostgreSQL, which the requests of this process take one after the other. */
class GlobalLock {
  #last = Promise.resolve();
  #release = () => {};
  #client;

  constructor(connection) {
    this.#client = this.#connect(connection);
  }

  async #connect(connection) {
    const client = new pg.Client(connection);
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  async take() {
    const before = this.#last;
    let release;
    this.#last = new Promise((resolve) => (release = resolve));
    await before;
    this.#release = release;
    await (await this.#client).query('select pg_advisory_lock(1)');
  }

  async give() {
    await (await this.#client).query('select pg_advisory_unlock(1)').finally(this.#release);
  }
}

class LockingStore extends connectPgSimple(session) {
  #lock;
  /** The session id of the request that holds the lock. */
  #holder;

  constructor(lock, options) {
    super(options);
    this.#lock = lock;
  }

  async get(sid, callback) {
    await this.#lock.take();
    this.#holder = sid;
    // A request that finds no session saves none under this id.
    super.get(sid, (error, data) => (error || !data ? this.#giveThen(sid, callback)(error, data) : callback(error, data)));
  }

  set(sid, data, callback) {
    super.set(sid, data, this.#giveThen(sid, callback));
  }

  touch(sid, data, callback) {
    super.touch(sid, data, this.#giveThen(sid, callback));
  }

  destroy(sid, callback) {
    super.destroy(sid, this.#giveThen(sid, callback));
  }

  /** The first save of a session holds no lock. */
  #giveThen(sid, callback = () => {}) {
    return async (...args) => {
      if (this.#holder === sid) {
        this.#holder = undefined;
        await this.#lock.give();
      }
      callback(...args);
    };
  }
}
