import { Test } from '@nestjs/testing';
import { AppModule } from '../src/app.module';
import { OwnDatabaseModule } from '../src/own-database.module';
import { visitTwice } from '../src/visit-twice';

describe('sessions (e2e)', () => {
  it.each([AppModule, OwnDatabaseModule])('are kept by %o', async (module) => {
    const testing = await Test.createTestingModule({ imports: [module] }).compile();
    expect(await visitTwice(testing.createNestApplication())).toBe('2 of number');
  });
});
