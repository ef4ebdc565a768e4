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
import { SessionService, type UserSession } from '../services/session.service.js';
import { BoardFigures } from './board-figures.js';

/** The content of the board. */
export interface Board {
  readonly figures: BoardFigures;
  readonly table: TableStatistics;
  readonly isDetecting: boolean;
  readonly overwrites: readonly Overwrite[];
  readonly uncounted: number;
  readonly pruneRuns: readonly PruneRun[];
  readonly hasUsers: boolean;
  readonly user: { readonly id: string; readonly sessions: readonly UserSession[] } | undefined;
}

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
    observers.replace(combineObservers(all), operations ? combineOperations(operations, figures) : figures);
  }

  /**
   * Reads the board.
   *
   * @param userId the user whose sessions are listed; undefined for none
   * @throws SessionUnavailableError, SessionUserIdError
   */
  async read(userId: string | undefined): Promise<Board> {
    const { overwrites, isOn } = this.#get(OverwriteDetector);
    const hasUsers = this.#get(SmartSessionOptions).userId !== undefined;
    const isAsked = hasUsers && userId !== undefined && userId !== '';
    return {
      figures: this.#figures,
      table: await tableStatistics(this.#get(DatabaseContext)),
      isDetecting: isOn,
      overwrites: overwrites.all,
      uncounted: overwrites.uncounted,
      pruneRuns: this.#get(SessionObservers).pruneRuns.all,
      hasUsers,
      user: isAsked ? { id: userId, sessions: await this.#get(SessionService).list({ userId }) } : undefined,
    };
  }

  /** Ends one of a user's sessions. Returns false if there is none of this handle. */
  end(userId: string, handle: string): Promise<boolean> {
    return this.#get(SessionService).destroyOne({ userId, handle });
  }

  #get<Service>(type: abstract new (...parameters: never[]) => Service): Service {
    return this.modules.get<Service>(type as never, { strict: false });
  }
}
