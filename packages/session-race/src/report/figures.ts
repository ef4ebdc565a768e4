import type { RaceReport } from './race-report.js';

/** One figure of a report, and what it counts. */
export interface Figure {
  readonly count: number;
  readonly what: string;
  /** Whether it counts losses. */
  readonly isLoss: boolean;
}

/** The figures of a report, in the order in which they are shown. Those that are no loss are left out if they are 0. */
export function figuresOf(report: RaceReport): Figure[] {
  const { acknowledged, contended, ended, reads, lost, resurrected, stale, foreign, vanished, refused, unknown } = report;
  const figure = (count: number, what: string, isLoss = false) => ({ count, what, isLoss });
  const some = (count: number, one: string, several: string) => figure(count, count === 1 ? one : several);
  return [
    figure(acknowledged, `acknowledged updates, ${contended} of them at the same time as another`),
    figure(lost, 'of them lost', true),
    figure(resurrected, `of ${ended} ended sessions came back`, true),
    figure(stale, `of ${reads} reads were stale`, true),
    figure(foreign, `of ${reads} reads showed another browser's data`, true),
    ...[
      some(vanished, 'update was missing for a while, and came back: no loss', 'updates were missing for a while, and came back: no loss'),
      some(refused, 'request was refused: not judged', 'requests were refused: not judged'),
      some(unknown, 'request has an unknown outcome: not judged', 'requests have an unknown outcome: not judged'),
    ].filter(({ count }) => count > 0),
  ];
}

/** How the race was run, in one line. */
export function termsOf({ requests, rounds, seconds, settings }: RaceReport): string {
  return `${requests} requests in ${rounds === 1 ? '1 round' : `${rounds} rounds`}, ${seconds.toFixed(1)} s, ${settings.clients} tabs per browser, --seed ${settings.seed}`;
}
