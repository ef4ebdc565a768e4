/** The cost of a statement in CPU time, in µs: a part for the statement, and a part for each of its rows. */
export interface StatementCost {
  readonly perStatement: number;
  readonly perRow: number;
}

/** Fits a line to measured costs of statements by their number of rows (least squares of relative errors). */
export function fitCost(points: readonly (readonly [rows: number, cost: number])[]): StatementCost {
  const weigh = (value: (rows: number, cost: number) => number) =>
    points.reduce((sum, [rows, cost]) => sum + value(rows, cost) / cost ** 2, 0);
  const [weight, x, y] = [weigh(() => 1), weigh((rows) => rows), weigh((_, cost) => cost)];
  const [xx, xy] = [weigh((rows) => rows * rows), weigh((rows, cost) => rows * cost)];
  const perRow = (weight * xy - x * y) / (weight * xx - x * x);
  return { perStatement: (y - perRow * x) / weight, perRow };
}

export const costOf = ({ perStatement, perRow }: StatementCost, rows: number): number => perStatement + rows * perRow;
