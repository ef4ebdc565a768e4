import { Body, Controller, Module, Post, Session } from '@nestjs/common';
import type { Response } from 'supertest';
import type { Browser } from './browser.js';

/** Requests that have loaded their sessions and wait for a release. */
export class Gathering {
  static current: Gathering | undefined;
  #left: number;
  #complete!: () => void;
  #go!: () => void;
  readonly #isComplete = new Promise<void>((resolve) => (this.#complete = resolve));
  readonly #mayGo = new Promise<void>((resolve) => (this.#go = resolve));
  #answers: Promise<Response>[];

  private constructor(requests: readonly (readonly [Browser, object])[]) {
    this.#left = requests.length;
    Gathering.current = this;
    this.#answers = requests.map(([browser, values]) => browser.post('/gather', values));
  }

  /** Sends requests that each set values, and waits until all their handlers run. */
  static async of(requests: readonly (readonly [Browser, object])[]): Promise<Gathering> {
    const gathering = new Gathering(requests);
    await gathering.#isComplete;
    return gathering;
  }

  async arrive(): Promise<void> {
    if (--this.#left === 0) this.#complete();
    await this.#mayGo;
  }

  /** Releases all of them and waits for their answers. */
  async go(): Promise<readonly Response[]> {
    this.#go();
    return Promise.all(this.#answers);
  }
}

@Controller()
class GatheringController {
  @Post('gather') async gather(@Session() session: object, @Body() values: object): Promise<void> {
    await Gathering.current!.arrive();
    Object.assign(session, values);
  }
}

/** The module for apps whose requests gather. */
@Module({ controllers: [GatheringController] })
export class GatheringModule {}
