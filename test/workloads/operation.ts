/** The values of one key: a list of unique elements, a counter, and a register whose values are unique. */
export interface Values {
  readonly list: readonly number[];
  readonly count: number;
  readonly register: number;
}

/** The values that each key begins with. */
export const FIRST: Values = { list: [], count: 0, register: 0 };

/** One operation on a key. */
export type Request =
  | { readonly kind: 'append'; readonly element: number }
  | { readonly kind: 'increment' }
  /** Compare and set: the register becomes `to` if it is `from`. */
  | { readonly kind: 'exchange'; readonly from: number; readonly to: number }
  | { readonly kind: 'read' };

/** What a client was told. `refused` means certainly not done. */
export interface Answer {
  readonly outcome: 'done' | 'refused' | 'unknown';
  /** Of an append: the list that its transaction has read first. */
  readonly seen?: readonly number[];
  /** Of an exchange: whether the register was `from`. */
  readonly isExchanged?: boolean;
  /** Of a read. */
  readonly values?: Values;
}

/** A request, its answer, and their times in ms. */
export interface Operation {
  readonly key: number;
  readonly request: Request;
  readonly answer: Answer;
  readonly sent: number;
  readonly answered: number;
}

/** What the clients did, and what is stored in the end. */
export interface Recording {
  readonly operations: readonly Operation[];
  /** For each key its values on each node. */
  readonly stored: readonly (readonly [Values, ...Values[]])[];
}

/** The place of the keys, with several nodes. */
export interface Store {
  readonly nodes: number;
  ask(node: number, client: number, key: number, request: Request): Promise<Answer>;
}
