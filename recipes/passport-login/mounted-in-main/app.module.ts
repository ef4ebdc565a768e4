import { Module } from '@nestjs/common';
import { SmartSessionModule } from 'nestjs-smart-session';
import { AuthModule } from '../auth.module.js';
import { sessionOptions } from '../session.options.js';

@Module({ imports: [SmartSessionModule.forRoot({ ...sessionOptions, mount: false }), AuthModule] })
export class AppModule {}
