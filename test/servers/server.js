import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import knex from 'knex';
import { answers } from '../support/answers.js';
import { freePort } from '../support/free-port.ts';
import { DATA, SERVERS } from './catalog.js';
import { ACCOUNT, unpack } from './unpack.js';

/** In seconds. */
const PATIENCE = 60;

/** A server that runs in its own tree, with new data. */
export class Server {
  #kind;
  #root;
  #port;
  #process;
  #log = '';

  /**
   * Installs a server unless it is installed, and starts it.
   *
   * @param {string} name of `SERVERS`
   * @throws {Error} if it cannot be installed, or with its last lines if it does not start
   */
  static async start(name) {
    if (process.getuid?.() !== 0) throw new Error('Only root can give a server its own root directory.');
    if (!(name in SERVERS)) throw new Error(`There is no server ${name}. Use one of ${Object.keys(SERVERS).join(', ')}.`);
    const server = new Server();
    server.#kind = SERVERS[name].kind;
    server.#root = await unpack(name, SERVERS[name]);
    server.#port = await freePort();
    try {
      await server.#createData();
      await server.#serve();
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  get dialect() {
    return this.#kind.dialect;
  }

  /** The environment variables that name its address to the tests. */
  get env() {
    return variables(this.#kind.variables, { ...this.#address, dbName: 'test' });
  }

  /** @returns {Promise<string>} such as 9.7.4 */
  version() {
    return this.#query('select version() as version', (rows) => /\d+(\.\d+)+/.exec(rows[0].version)[0]);
  }

  /** Ends it and removes its data. */
  async stop() {
    if (this.#isRunning) {
      const exit = once(this.#process, 'exit');
      // Each server ends its helper processes after this signal. PostgreSQL also leaves clients no time.
      this.#process.kill('SIGQUIT');
      await exit;
    }
    await rm(this.#data, { recursive: true, force: true });
  }

  get #address() {
    return { host: '127.0.0.1', port: this.#port, user: this.#kind.user, password: '' };
  }

  get #data() {
    return join(this.#root, DATA);
  }

  get #isRunning() {
    return this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  async #createData() {
    await rm(this.#data, { recursive: true, force: true });
    await mkdir(this.#data, { mode: 0o700 });
    await chown(this.#data, ACCOUNT, ACCOUNT);
    await promisify(execFile)(...this.#inTree(this.#kind.create));
  }

  async #serve() {
    this.#process = spawn(...this.#inTree(this.#kind.serve(this.#port)));
    for (const output of [this.#process.stdout, this.#process.stderr])
      output.on('data', (data) => (this.#log = (this.#log + data).slice(-4000)));
    process.once('exit', () => this.#process.kill('SIGQUIT'));
    const create = async () =>
      (await answers(this.#address)) &&
      (await this.#query('create database test').then(
        () => true,
        () => false,
      ));
    for (const deadline = Date.now() + PATIENCE * 1000; !(await create()); await sleep(100))
      if (!this.#isRunning || Date.now() > deadline) throw new Error(`The server does not answer.\n${this.#log}`);
  }

  /** @returns {[string, string[], object]} */
  #inTree(command) {
    return [
      'chroot',
      [`--userspec=${ACCOUNT}:${ACCOUNT}`, this.#root, ...command],
      { env: { PATH: '/usr/sbin:/usr/bin', LC_ALL: 'C.UTF-8' } },
    ];
  }

  async #query(sql, read = () => undefined) {
    const { client } = this.#kind;
    const connection = knex({ client, connection: { ...this.#address, ...(client === 'pg' ? { database: 'postgres' } : {}) } });
    try {
      const result = await connection.raw(sql);
      return read(client === 'pg' ? result.rows : result[0]);
    } finally {
      await connection.destroy();
    }
  }
}

/** @returns {Record<string, string>} the environment variables of an address */
export function variables(prefix, { host, port, user, password, dbName }) {
  const values = { HOST: host, PORT: String(port), USER: user, PASSWORD: password, DATABASE: dbName };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}
