import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { MikroOrmModule } from '@mikro-orm/nestjs';
import { SqliteDriver } from '@mikro-orm/sqlite';
import { SmartSessionModule } from 'nestjs-smart-session';
import { Product } from './product.entity.js';
import { ProductsController } from './products.controller.js';

@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true }),
    MikroOrmModule.forRootAsync({
      driver: SqliteDriver,
      inject: [ConfigService],
      useFactory: (config: ConfigService) => ({
        driver: SqliteDriver,
        dbName: config.getOrThrow<string>('SHOP_DATABASE'),
        entities: [Product],
      }),
    }),
    SmartSessionModule.forRootAsync({
      inject: [ConfigService],
      useFactory: (config: ConfigService) => ({
        dialect: 'sqlite',
        connection: { dbName: config.getOrThrow<string>('SESSIONS_DATABASE') },
        secret: config.getOrThrow<string>('SESSION_SECRET'),
        createTable: true,
      }),
    }),
  ],
  controllers: [ProductsController],
})
export class AppModule {}
