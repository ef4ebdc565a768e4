import { SessionCodec, type SessionValues } from '../../src/codec/session.codec.js';
import { DraftEdit } from '../../src/commit/draft-edit.js';
import { SessionNotSerializableError } from '../../src/index.js';
import { SmartSessionOptions } from '../../src/options/smart-session.options.js';

const codec = new SessionCodec(new SmartSessionOptions({ secret: 'x' }));

function editOf<Result>(change: (draft: SessionValues) => Result): DraftEdit<Result> {
  return new DraftEdit(codec, change);
}

describe('an edit of a draft', () => {
  it('gives the values that the function has made, and leaves those that it was given', () => {
    const current = new Map([
      ['n', '1'],
      ['list', '[1]'],
      ['gone', '1'],
    ]);
    const edited = editOf((draft) => {
      draft.n = 2;
      (draft.list as number[]).push(2);
      delete draft.gone;
      draft.added = true;
    }).apply(current);
    expect(new Map([...edited.keys()].map((key) => [key, edited.get(key)]))).toEqual(
      new Map([
        ['n', '2'],
        ['list', '[1,2]'],
        ['added', 'true'],
      ]),
    );
    expect(Object.fromEntries(current)).toEqual({ n: '1', list: '[1]', gone: '1' });
  });

  it('returns what the last run returned', () => {
    const edit = editOf((draft) => ((draft.n as number) += 1));
    edit.apply(new Map([['n', '1']]));
    edit.apply(new Map([['n', '10']]));
    expect(edit.result).toBe(11);
  });

  it('keeps its result when a later run throws', () => {
    const edit = editOf((draft) => {
      if (draft.n === 2) throw new Error('no');
      return draft.n;
    });
    edit.apply(new Map([['n', '1']]));
    expect(() => edit.apply(new Map([['n', '2']]))).toThrow('no');
    expect(edit.result).toBe(1);
  });

  it.each([
    ['a promise', () => Promise.resolve()],
    ['a rejected promise', () => Promise.reject(new Error('unseen'))],
  ])('refuses a function that returns %s', (_, change) => {
    expect(() => editOf(change).apply(new Map())).toThrow(TypeError);
  });

  it('refuses a cookie, and values that cannot be stored', () => {
    for (const value of [{}, undefined, null])
      expect(() => editOf((draft) => void (draft.cookie = value)).apply(new Map())).toThrow(SessionNotSerializableError);
    expect(() => editOf((draft) => void (draft.f = () => 1)).apply(new Map())).toThrow(SessionNotSerializableError);
  });

  it('hides the attributes that the record keeps under the reserved name, and carries them over', () => {
    let keys: string[] = [];
    const edited = editOf((draft) => void (keys = Object.keys(draft))).apply(
      new Map([
        ['cookie', '{"path":"/a"}'],
        ['n', '1'],
      ]),
    );
    expect(keys).toEqual(['n']);
    expect(edited.get('cookie')).toBe('{"path":"/a"}');
  });
});
