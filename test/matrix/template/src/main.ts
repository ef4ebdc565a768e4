import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module';
import { OwnDatabaseModule } from './own-database.module';
import { visitTwice } from './visit-twice';

async function bootstrap(): Promise<void> {
  for (const module of [AppModule, OwnDatabaseModule]) {
    const app = await NestFactory.create(module, { logger: ['error'], abortOnError: false });
    console.log(await visitTwice(app));
  }
}

bootstrap().catch((error: unknown) => {
  console.error(error);
  process.exit(1);
});
