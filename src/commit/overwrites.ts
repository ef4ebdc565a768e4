/** How often two routes have overwritten each other's changes of a key. */
export interface Overwrite {
  /** The name of the key, shortened and escaped for display. */
  readonly key: string;
  /** The two routes in alphabetical order, such as `POST /cart/:sku`. A route is undefined if it is not known. */
  readonly routes: readonly [string | undefined, string | undefined];
  /** The rule that suits the values of the first overwrite, as code. Undefined if the key is shortened, or has a rule. */
  readonly rule: string | undefined;
  readonly count: number;
  readonly lastAt: Date;
}

/** The most pairs of routes and keys that are counted. A client may choose the keys of a session. */
const MOST_PAIRS = 500;

/** Counts overwrites by key and pair of routes. */
export class Overwrites {
  readonly #pairs = new Map<string, Overwrite>();
  #uncounted = 0;

  /** @param most how many pairs are counted */
  constructor(private readonly most = MOST_PAIRS) {}

  /**
   * Counts an overwrite.
   *
   * @param ruleOf finds the rule to suggest; undefined for none. It is called once for each pair
   * @returns the pair if it was counted for the first time
   */
  add(key: string, one: string | undefined, other: string | undefined, ruleOf: () => string | undefined): Overwrite | undefined {
    const routes = one !== undefined && (other === undefined || one <= other) ? ([one, other] as const) : ([other, one] as const);
    const id = JSON.stringify([key, ...routes]);
    const known = this.#pairs.get(id);
    if (!known && this.#pairs.size >= this.most) {
      this.#uncounted++;
      return undefined;
    }
    const pair = { key, routes, rule: known ? known.rule : ruleOf(), count: (known?.count ?? 0) + 1, lastAt: new Date() };
    this.#pairs.set(id, pair);
    return known ? undefined : pair;
  }

  /** The pairs, those that overwrite most often first. */
  get all(): readonly Overwrite[] {
    return [...this.#pairs.values()].toSorted((one, other) => other.count - one.count);
  }

  /** How many overwrites belong to pairs for which there was no room. */
  get uncounted(): number {
    return this.#uncounted;
  }
}
