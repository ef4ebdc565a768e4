import { SmartSessionModule } from 'nestjs-smart-session';

export const safeCookie = () => SmartSessionModule.forRoot('postgresql', { name: '__Host-sid', cookie: { secure: true } });

export const sealed = () => SmartSessionModule.forRoot('postgresql', { encryption: { keys: [process.env.SESSION_KEY!] } });
