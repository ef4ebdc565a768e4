import { Inject, Module, Optional, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { SessionLogger } from '../security/session-logger.js';
import { boardControllerAt } from './board.controller.js';
import { BoardData } from './board-data.js';
import { checkBoardOptions, isOpenBoard, type SessionBoardOptions } from './board-options.js';

const BOARD_OPTIONS = Symbol('board options');

/**
 * A page that shows what happens to the sessions of this process, and ends sessions of a user. Needs `SmartSessionModule`.
 *
 * @example
 * \@Module({ imports: [SmartSessionModule.forRoot('postgresql'), SessionBoardModule.forRoot({ path: 'sessions', guard: AdminGuard })] })
 * export class AppModule {}
 */
@Module({})
export class SessionBoardModule implements OnModuleInit {
  /** @internal Nest calls it. */
  constructor(@Optional() @Inject(BOARD_OPTIONS) private readonly options: SessionBoardOptions | undefined) {}

  /**
   * Registers the board.
   *
   * @throws SmartSessionConfigError for an option that is unknown or wrong, and without a guard in production
   */
  static forRoot(options: SessionBoardOptions = {}): DynamicModule {
    checkBoardOptions(options);
    return {
      module: SessionBoardModule,
      imports: options.imports ?? [],
      controllers: [boardControllerAt(options)],
      providers: [BoardData, { provide: BOARD_OPTIONS, useValue: options }],
    };
  }

  /** Warns of a board without a guard. In production it does not start. */
  onModuleInit(): void {
    if (this.options && isOpenBoard(this.options)) new SessionLogger().warn(OPEN_BOARD);
  }
}

const OPEN_BOARD =
  'The board has no guard: each client that reaches the app sees it, and may end the sessions of all users. Give `guard` to `SessionBoardModule.forRoot`. In production, the app does not start without it.';
