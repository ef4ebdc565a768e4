import { Logger } from '@nestjs/common';
import { vi } from 'vitest';
import { SessionUnavailableError } from '../../src/index.js';
import { OutageLog, type Operation } from '../../src/observers/outage-log.js';

describe('the log of outages', () => {
  let lines: string[];
  let now: number;
  let log: OutageLog;

  beforeEach(() => {
    lines = [];
    now = 5_000_000;
    for (const level of ['error', 'warn'] as const)
      vi.spyOn(Logger.prototype, level).mockImplementation((line: unknown) => void lines.push(`${level}: ${String(line)}`));
    log = new OutageLog(() => now);
  });

  afterEach(() => void vi.restoreAllMocks());

  const fail = (operation: Operation, error: Error = new SessionUnavailableError(operation, 'no connection.')) =>
    expect(log.watch(operation, Promise.reject(error))).rejects.toBe(error);
  const succeed = (operation: Operation) => expect(log.watch(operation, Promise.resolve('done'))).resolves.toBe('done');

  it('says nothing while operations succeed', async () => {
    await succeed('load');
    await succeed('commit');
    expect(lines).toEqual([]);
  });

  it('says once that sessions are unavailable, and once that they are available again', async () => {
    await fail('load');
    await fail('commit');
    now += 12_000;
    await succeed('commit');
    await succeed('load');
    expect(lines).toEqual([
      'error: Sessions are unavailable: 1 × load failed. The last error: Could not load the session: no connection.',
      'warn: Sessions are available again after 12 s: 1 × load, 1 × commit had failed.',
    ]);
  });

  it('repeats the line each minute of an outage, with the counts so far', async () => {
    await fail('load');
    now += 59_999;
    await fail('load');
    expect(lines).toHaveLength(1);
    now += 1;
    await fail('touch');
    expect(lines[1]).toContain('unavailable for 60 s: 2 × load, 1 × touch failed');
  });

  it('counts each outage from its own beginning', async () => {
    await fail('load');
    await succeed('load');
    await fail('load');
    expect(lines[2]).toContain(': 1 × load failed');
  });

  it('does not take reads for the end of an outage of writes', async () => {
    await fail('commit');
    await succeed('load');
    expect(lines).toHaveLength(1);
    await succeed('touch');
    expect(lines[1]).toContain('available again: 1 × commit had failed');
  });

  it('takes a write for the end of an outage of reads: what can be written can be read', async () => {
    await fail('list');
    await succeed('commit');
    expect(lines).toHaveLength(2);
  });

  it('ignores errors of other kinds', async () => {
    await fail('commit', new Error('too large'));
    expect(lines).toEqual([]);
  });

  it('logs at most 30 outages in a minute, so that one failing session does not fill the log', async () => {
    const outage = async () => {
      await fail('commit');
      await succeed('commit');
    };
    for (let n = 0; n < 40; n++) await outage();
    expect(lines.filter((line) => line.startsWith('error'))).toHaveLength(30);
    expect(lines.filter((line) => line.startsWith('warn'))).toHaveLength(30);
    now += 60_000;
    await outage();
    expect(lines.filter((line) => line.startsWith('error'))).toHaveLength(31);
  });
});
