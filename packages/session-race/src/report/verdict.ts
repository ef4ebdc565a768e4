import type { RaceReport } from './race-report.js';

/** The result in one sentence. */
export function verdictOf({ verdict, acknowledged, contended, lost, resurrected, ended, stale, foreign }: RaceReport): string {
  if (verdict === 'clean') {
    return `Nothing lost: all ${acknowledged} acknowledged updates are there, ${contended} of which ran at the same time as another. This race is no proof that nothing can be lost.`;
  }
  const parts = [
    lost > 0 && `${lost} of ${acknowledged} acknowledged updates are lost`,
    resurrected > 0 && `${resurrected} of ${ended} ended sessions came back`,
    stale > 0 && `${stale} reads were stale`,
    foreign > 0 && `${foreign} reads showed another browser's data`,
  ].filter((part) => part !== false);
  return `This app loses session data: ${parts.join('; ')}.`;
}
