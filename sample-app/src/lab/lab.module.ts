import { Module } from '@nestjs/common';
import { Devices } from './devices.js';
import { LabController } from './lab.controller.js';
import { LivePanels } from './live-panels.js';
import { ProcessPool } from './process-pool.js';
import { RaceRunner } from './race-runner.js';

/** The race lab, which compares a plain session store with this library. */
@Module({ controllers: [LabController], providers: [RaceRunner, ProcessPool, Devices, LivePanels] })
export class LabModule {}
