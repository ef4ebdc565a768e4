import { SmartSessionModule } from 'nestjs-smart-session';

export const cookieOrHeader = () =>
  SmartSessionModule.forRoot('postgresql', { transport: ['cookie', { header: 'authorization', scheme: 'Session' }] });
