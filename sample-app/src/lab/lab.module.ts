import { Module } from '@nestjs/common';
import { Devices } from './devices.js';
import { LabController } from './lab.controller.js';
import { ProcessPool } from './process-pool.js';
import { RaceRunner } from './race-runner.js';

/** The race lab: shows a plain session store and this library side by side. */
@Module({ controllers: [LabController], providers: [RaceRunner, ProcessPool, Devices] })
export class LabModule {}
