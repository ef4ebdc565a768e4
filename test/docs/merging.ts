import { DELETED, SmartSessionModule, counter, deep, lastWins, unionBy, type SmartSessionModuleOptions } from 'nestjs-smart-session';
import './session-data.js';

export const merging = () =>
  SmartSessionModule.forRoot('postgresql', {
    merge: {
      visits: counter(),
      cart: unionBy('sku', { quantity: counter() }),
      preferences: deep(),
    },
    mergeDefault: lastWins(),
  });

export const ownRules = {
  merge: {
    highScore: ({ theirs = 0, mine = 0 }) => Math.max(theirs, mine),
    draft: ({ theirs, mine = DELETED }) => (theirs?.isSubmitted ? theirs : mine),
  },
} satisfies SmartSessionModuleOptions;
