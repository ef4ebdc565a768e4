/**
 * As jest's `describe.each`, and skips its tests when no case is left, because no server that they want is there: jest refuses
 * an empty table.
 */
export function describeEach<Case extends object | string>(cases: readonly Case[]): (title: string, tests: (given: Case) => void) => void {
  if (cases.length > 0) return describe.each(cases as Case[]) as never;
  return (title) => describe.skip(title, () => it('wants a server', () => {}));
}
