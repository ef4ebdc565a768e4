import { BARE_DRIVER, ReferenceController, type BareDriver } from '../reference.controller.js';
import type { OpenStore } from '../opened-store.js';
import { NO_STATEMENTS } from '../statement-counter.js';

/** Opens Nest alone: the time that framework and load generator leave for a store. */
export const open: OpenStore = () => {
  const driver: BareDriver = { insert: () => {}, select: () => {}, update: () => {} };
  return {
    module: { controllers: [ReferenceController], providers: [{ provide: BARE_DRIVER, useValue: driver }] },
    statements: NO_STATEMENTS,
  };
};
