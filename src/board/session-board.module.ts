import { Module, type DynamicModule } from '@nestjs/common';
import { boardControllerAt } from './board.controller.js';
import { BoardData } from './board-data.js';
import { refuseOpenBoard, type SessionBoardOptions } from './board-options.js';

/**
 * A page that shows what happens to the sessions of this process, and ends sessions of a user. Needs `SmartSessionModule`.
 *
 * @example
 * \@Module({ imports: [SmartSessionModule.forRoot('postgresql'), SessionBoardModule.forRoot({ path: 'sessions', guard: AdminGuard })] })
 * export class AppModule {}
 */
@Module({})
export class SessionBoardModule {
  /**
   * Registers the board.
   *
   * @throws SmartSessionConfigError without a guard in production
   */
  static forRoot(options: SessionBoardOptions = {}): DynamicModule {
    refuseOpenBoard(options);
    const { path = 'sessions', guard, imports = [] } = options;
    return { module: SessionBoardModule, imports, controllers: [boardControllerAt(path, guard)], providers: [BoardData] };
  }
}
