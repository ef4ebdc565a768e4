import { Logger } from '@nestjs/common';
import { vi } from 'vitest';
import { SessionCodec } from '../../src/codec/session.codec.js';
import type { CommitOutcome } from '../../src/commit/edit.js';
import { MergeReport } from '../../src/commit/merge-report.js';
import { computeDelta } from '../../src/merge/delta.js';
import { MergeTrace } from '../../src/observers/merge-trace.js';
import { SessionObservers } from '../../src/observers/session-observers.js';
import { SmartSessionOptions } from '../../src/options/smart-session.options.js';
import { RecordingObservers } from '../support/recording-observers.js';
import { encoded, sessionRecord } from '../support/records.js';

const STORAGE_KEY = '0123456789abcdef'.repeat(4);
const COMMITTED: CommitOutcome = { kind: 'committed', record: sessionRecord({ user: 'ann', a: 5 }) };

/** The trace of a request that has set `a`, after its delta was applied to these values. */
function traceOn(...applied: object[]): MergeTrace {
  const base = encoded({ a: 1, b: 1 });
  const trace = new MergeTrace(computeDelta(base, encoded({ a: 5, b: 1 })), base);
  for (const values of applied) trace.note(encoded({ ...values }));
  return trace;
}

const MERGED = () => traceOn({ a: 1, b: 2 });
const CONTESTED = () => traceOn({ a: 1, b: 2 }, { a: 3, b: 2 });

describe('the report of a merge', () => {
  let lines: string[];
  let observers: RecordingObservers;

  beforeEach(() => {
    lines = [];
    observers = new RecordingObservers();
    vi.spyOn(Logger.prototype, 'debug').mockImplementation((line: unknown) => void lines.push(String(line)));
    vi.spyOn(Logger, 'isLevelEnabled').mockImplementation((level) => level === 'debug');
  });
  afterEach(() => void vi.restoreAllMocks());

  function tell(trace: MergeTrace, outcome = COMMITTED, told: SessionObservers = observers): void {
    const options = new SmartSessionOptions({ secret: 'x', userId: 'user' });
    new MergeReport(new SessionCodec(options), told, options).tell(STORAGE_KEY, trace, outcome);
  }

  it('goes to the observer, with the user and the merge', () => {
    tell(CONTESTED());
    expect(observers.told).toEqual([['merged', 'ann', { keys: ['a'], contested: ['a'], attempts: 2 }]]);
  });

  it('is a line in the debug log', () => {
    tell(MERGED());
    tell(CONTESTED());
    expect(lines).toEqual([
      'Record 01234567…: merged "a" into what others had changed, at attempt 1.',
      'Record 01234567…: merged "a" into what others had changed, at attempt 2; others had changed "a" too.',
    ]);
  });

  it('is in the log without an observer too', () => {
    tell(MERGED(), COMMITTED, new SessionObservers());
    expect(lines).toHaveLength(1);
  });

  it('goes to the observer alone if the debug log is off', () => {
    vi.spyOn(Logger, 'isLevelEnabled').mockReturnValue(false);
    tell(MERGED());
    expect(lines).toEqual([]);
    expect(observers.told).toHaveLength(1);
  });

  it('is not made if nothing would take it', () => {
    vi.spyOn(Logger, 'isLevelEnabled').mockReturnValue(false);
    const trace = MERGED();
    const find = vi.spyOn(trace, 'find');
    tell(trace, COMMITTED, new SessionObservers());
    expect(find).not.toHaveBeenCalled();
  });

  it.each<[string, MergeTrace, CommitOutcome]>([
    ['others had changed nothing', traceOn({ a: 1, b: 1 }), COMMITTED],
    ['the session is gone', MERGED(), { kind: 'gone' }],
    ['nothing was stored', MERGED(), { kind: 'unstored' }],
  ])('is not made if %s', (_name, trace, outcome) => {
    tell(trace, outcome);
    expect(lines).toEqual([]);
    expect(observers.told).toEqual([]);
  });

  it('leaves the user open if the option finds no user id', () => {
    tell(MERGED(), { kind: 'committed', record: sessionRecord({ user: {} }) });
    expect(observers.of('merged')).toMatchObject([['merged', undefined, { keys: ['a'] }]]);
  });
});
