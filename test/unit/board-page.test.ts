import type { Board } from '../../src/board/board-data.js';
import { BoardFigures } from '../../src/board/board-figures.js';
import { boardPage } from '../../src/board/board-page.js';
import { Overwrites } from '../../src/commit/overwrites.js';

const EMPTY: Board = {
  figures: new BoardFigures(),
  table: {
    live: 0,
    expired: 0,
    locked: 0,
    withoutUser: 0,
    commits: undefined,
    bytes: { average: 0, greatest: 0, total: 0 },
    ages: [],
    sizes: [],
  },
  isDetecting: true,
  overwrites: [],
  ruled: [],
  uncounted: 0,
  pruneRuns: [],
  hasUsers: false,
  users: undefined,
  user: undefined,
};

/** The page without the white space around its tags. */
const pageOf = (board: Partial<Board>) => boardPage({ ...EMPTY, ...board }, undefined).replace(/\s*(<[^>]*>)\s*/g, '$1');

/** Overwrites of a key by three routes: their number and the rule for their values. */
function overwritesOf(key: string, ...pairs: readonly [route: string, times: number, rule: string | undefined][]): Overwrites {
  const overwrites = new Overwrites();
  for (const [route, times, rule] of pairs) for (let n = 0; n < times; n++) overwrites.add(key, route, undefined, () => rule);
  return overwrites;
}

describe('the page of the board', () => {
  it('warns with the rule of the routes that overwrite most often, and counts all of them', () => {
    const { all } = overwritesOf('cart', ['/a', 1, 'lastWins()'], ['/b', 3, "unionBy('…')"], ['/c', 2, 'union()']);
    const [warning] = /<div class="warning"[^]*?<\/div>/.exec(pageOf({ overwrites: all }))!;
    expect(warning).toContain('was overwritten 6 times');
    expect(warning).toContain(
      '<code>merge: { cart: unionBy(&#39;…&#39;) }</code>with the field that identifies an item, or<code>lastWins()</code>if the last change is right.',
    );
    expect(warning).not.toContain('union()');
  });

  it('has no line for a key of which only the start is known', () => {
    const page = pageOf({ overwrites: overwritesOf('filters…', ['/a', 3, undefined]).all });
    expect(page.match(/give the whole name of the key a rule, or<code>lastWins\(\)<\/code>/g)).toHaveLength(2);
    expect(page).not.toContain('merge: {');
  });

  it('says how often keys were contested that are not listed', () => {
    const figures = new BoardFigures();
    const contest = (key: string, times: number) => {
      for (let n = 0; n < times; n++) figures.merged({ storageKey: 'a' }, { keys: [], contested: [key], attempts: 1 });
    };
    for (let n = 0; n < 200; n++) contest(`key ${n}`, n < 20 ? 2 : 1);
    expect(pageOf({ figures })).toContain(' 180 more were not listed.');
    contest('cart', 1000);
    expect(pageOf({ figures })).toContain(' 1180 more were not listed.');
    expect(pageOf({})).not.toContain('not listed');
  });
});
