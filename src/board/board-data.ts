import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { OverwriteDetector } from '../commit/overwrite-detector.js';
import type { Overwrite } from '../commit/overwrites.js';
import { combineObservers } from '../observers/combined-observers.js';
import { combineOperations } from '../observers/combined-operations.js';
import type { PruneRun } from '../observers/prune-runs.js';
import { SessionObservers } from '../observers/session-observers.js';
import { SmartSessionOptions } from '../options/smart-session.options.js';
import { DatabaseContext } from '../persistence/database-context.js';
import { tableStatistics, type TableStatistics } from '../persistence/table-statistics.js';
import { userStatistics, type UserStatistics } from '../persistence/user-statistics.js';
import { SessionService, type UserSession } from '../services/session.service.js';
import { SessionUserIdError } from '../smart-session.errors.js';
import { BoardFigures } from './board-figures.js';

/** The user whose sessions are listed. */
export interface BoardUser {
  readonly id: string;
  /** The newest sessions. */
  readonly sessions: readonly UserSession[];
  /** How many older sessions the user has. */
  readonly more: number;
}

/** The content of the board. */
export interface Board {
  readonly figures: BoardFigures;
  readonly table: TableStatistics;
  readonly isDetecting: boolean;
  readonly overwrites: readonly Overwrite[];
  /** Pairs of routes that have changed a key with a merge rule. */
  readonly ruled: readonly Overwrite[];
  readonly uncounted: number;
  readonly pruneRuns: readonly PruneRun[];
  readonly hasUsers: boolean;
  /** Undefined without the option `userId`. */
  readonly users: UserStatistics | undefined;
  readonly user: BoardUser | undefined;
}

/** The most users whose number of sessions is shown. */
const MOST_USERS = 5;

/** The most sessions of a user that are listed. */
const MOST_SESSIONS = 100;

/** Gathers what the board shows: the figures of this process, and the statistics of the table. */
@Injectable()
export class BoardData implements OnModuleInit {
  readonly #figures = new BoardFigures();

  constructor(private readonly modules: ModuleRef) {}

  onModuleInit(): void {
    const observers = this.#get(SessionObservers);
    const { lifecycle, operations } = observers;
    const figures = this.#figures;
    const all = [lifecycle, figures].filter((observer) => observer !== undefined);
    observers.notesRoutes = true;
    observers.replace(combineObservers(all), operations ? combineOperations(operations, figures) : figures);
  }

  /**
   * Reads the board.
   *
   * @param userId the user whose sessions are listed; undefined for none
   * @throws SessionUnavailableError
   */
  async read(userId: string | undefined): Promise<Board> {
    const { overwrites, ruled, isOn } = this.#get(OverwriteDetector);
    const [database, service] = [this.#get(DatabaseContext), this.#get(SessionService)];
    const hasUsers = this.#get(SmartSessionOptions).userId !== undefined;
    const isAsked = hasUsers && userId !== undefined && userId !== '';
    return {
      figures: this.#figures,
      table: await tableStatistics(database),
      isDetecting: isOn,
      overwrites: overwrites.all,
      ruled: ruled.all,
      uncounted: overwrites.uncounted,
      pruneRuns: this.#get(SessionObservers).pruneRuns.all,
      hasUsers,
      users: hasUsers ? await userStatistics(database, MOST_USERS) : undefined,
      user: isAsked ? await userOf(userId, service) : undefined,
    };
  }

  /**
   * Ends one of a user's sessions. Returns false if there is none of this handle.
   *
   * @throws SessionUnavailableError
   */
  end(userId: string, handle: string): Promise<boolean> {
    return ifUser(this.#get(SessionService).destroyOne({ userId, handle }), false);
  }

  /**
   * Returns a service of the module whose middleware serves the requests. If an app imports SmartSessionModule twice, that is the first one
   * which is mounted.
   */
  #get<Service>(type: abstract new (...parameters: never[]) => Service): Service {
    const all = <Found>(token: unknown): Found[] => this.modules.get(token as never, { strict: false, each: true });
    const serving = all<SmartSessionOptions>(SmartSessionOptions).findIndex(({ mount }) => mount);
    return all<Service>(type).at(Math.max(serving, 0))!;
  }
}

async function userOf(id: string, service: SessionService): Promise<BoardUser> {
  const all = await ifUser(service.list({ userId: id }), []);
  return { id, sessions: all.slice(0, MOST_SESSIONS), more: Math.max(0, all.length - MOST_SESSIONS) };
}

/** Resolves to `otherwise` if the text that was typed in can be the id of no user, because it is too long. */
async function ifUser<Result>(found: Promise<Result>, otherwise: Result): Promise<Result> {
  try {
    return await found;
  } catch (error) {
    if (error instanceof SessionUserIdError) return otherwise;
    throw error;
  }
}
