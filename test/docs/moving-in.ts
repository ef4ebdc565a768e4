import { SmartSessionModule } from 'nestjs-smart-session';

export const keptCookies = () =>
  SmartSessionModule.forRoot('postgresql', {
    name: 'connect.sid',
    secret: [process.env.SESSION_SECRET!, 'keyboard cat'],
  });
