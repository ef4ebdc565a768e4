import { ConfigModule, ConfigService } from '@nestjs/config';
import { SmartSessionModule } from 'nestjs-smart-session';

export const ownDatabase = () =>
  SmartSessionModule.forRootAsync({
    imports: [ConfigModule],
    inject: [ConfigService],
    useFactory: (config: ConfigService) => ({
      dialect: 'postgresql',
      connection: { clientUrl: config.getOrThrow('SESSIONS_DATABASE_URL') },
      secret: config.getOrThrow('SESSION_SECRET'),
    }),
  });
