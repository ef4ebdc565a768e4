import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { describeUnless } from '../support/describe-unless.js';
import { LabNetwork, type LabHost } from '../support/lab-network.js';

/** A program that answers each datagram, and reports the address of each answer to its own. */
const PROGRAM = `
const socket = require('node:dgram').createSocket('udp4');
let heard = [];
socket.on('message', (text, from) => {
  if (String(text) === 'answer') heard.push(from.address);
  else socket.send('answer', from.port, from.address);
});
socket.bind(7000, () => console.log('ready'));
process.stdin.on('data', async (line) => {
  heard = [];
  const { peers, times } = JSON.parse(line);
  for (let n = 0; n < times; n++) {
    for (const peer of peers) socket.send('ask', 7000, peer, () => {});
    if (n % 20 === 19) await new Promise((resolve) => setTimeout(resolve, 2));
  }
  setTimeout(() => console.log(JSON.stringify(heard)), 50);
}).on('end', () => process.exit());
`;

/** A process that sends to others. */
class Station {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(
    readonly address: string,
    launcher: readonly string[],
  ) {
    const [file, ...words] = [...launcher, process.execPath, '-e', PROGRAM];
    this.#child = spawn(file!, words, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    return ((await this.#lines.next()) as { value: string }).value;
  }

  /** Returns the address of each answer. */
  async ask(peers: readonly string[], times = 1): Promise<string[]> {
    this.#child.stdin!.write(`${JSON.stringify({ peers, times })}\n`);
    return JSON.parse(await this.line()) as string[];
  }

  async end(): Promise<void> {
    const exit = once(this.#child, 'exit');
    this.#child.stdin!.end();
    await exit;
  }
}

describeUnless(LabNetwork.obstacle, 'the network of the lab', () => {
  let network: LabNetwork;
  let stations: Station[];
  let clients: Station;

  beforeAll(async () => {
    network = await LabNetwork.open(3);
    stations = network.hosts.map(({ address, launcher }) => new Station(address, launcher));
    clients = new Station('clients', []);
    for (const station of [...stations, clients]) expect(await station.line()).toBe('ready');
  });
  afterEach(() => network.heal());
  afterAll(async () => {
    await Promise.all([...stations, clients].map((station) => station.end()));
    await network.close();
  });

  /** Who gets answers from whom, by number from 1, such as `12` for "1 gets answers from 2". 0 is the clients. */
  async function links(): Promise<string[]> {
    const addresses = network.hosts.map(({ address }) => address);
    const found: string[] = [];
    for (const [n, station] of [clients, ...stations].entries()) {
      const others = addresses.filter((address) => address !== station.address);
      for (const address of await station.ask(others)) found.push(`${n}${addresses.indexOf(address) + 1}`);
    }
    return found.toSorted();
  }

  const ALL = ['01', '02', '03', '12', '13', '21', '23', '31', '32'];
  const without = (...cut: string[]) => ALL.filter((link) => !cut.includes(link));

  it('joins all hosts and the clients', async () => {
    expect(await links()).toEqual(ALL);
  });

  it('cuts what a host sends, in both directions of a partition, and from the clients', async () => {
    const [one, two, three] = network.hosts as [LabHost, LabHost, LabHost];
    await network.partition([one, two], [three]);
    expect(await links()).toEqual(without('13', '23', '31', '32'));
    await network.heal();
    await network.cut('clients', three);
    expect(await links()).toEqual(without('03'));
    await network.heal();
    await network.cut(three, 'clients');
    expect(await links()).toEqual(without('03'));
    await network.heal();
    expect(await links()).toEqual(ALL);
  });

  it('loses some packets, and no packet after it is healed', async () => {
    const { address } = network.hosts[1]!;
    const answered = async () => (await stations[0]!.ask([address], 200)).length;
    await network.lose(50);
    const half = await answered();
    // One in four is expected, because each packet and each answer may be lost.
    expect(half).toBeGreaterThan(5);
    expect(half).toBeLessThan(150);
    await network.heal();
    expect(await answered()).toBe(200);
  });
});
