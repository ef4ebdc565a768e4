import type { Command } from '../command.js';
import { createTable } from './create-table.command.js';
import { destroy } from './destroy.command.js';
import { doctor } from './doctor.command.js';
import { eraseUser } from './erase-user.command.js';
import { exportUser } from './export-user.command.js';
import { importSessions } from './import.command.js';
import { init } from './init.command.js';
import { list } from './list.command.js';
import { prune } from './prune.command.js';
import { reseal } from './reseal.command.js';
import { shorten } from './shorten.command.js';
import { show } from './show.command.js';
import { stats } from './stats.command.js';

/** All commands, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  init,
  createTable,
  importSessions,
  stats,
  list,
  show,
  destroy,
  exportUser,
  eraseUser,
  shorten,
  reseal,
  prune,
  doctor,
];
