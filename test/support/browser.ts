import type { INestApplication } from '@nestjs/common';
import request, { type Response, type Test } from 'supertest';

/** Keeps a session's cookie between requests, as a browser does. */
export class Browser {
  cookie = '';

  constructor(private readonly app: INestApplication) {}

  get(path: string): Promise<Response> {
    return this.#send(request(this.app.getHttpServer()).get(path));
  }
  head(path: string): Promise<Response> {
    return this.#send(request(this.app.getHttpServer()).head(path));
  }
  post(path: string, body: object = {}): Promise<Response> {
    return this.#send(request(this.app.getHttpServer()).post(path).send(body));
  }
  delete(path: string): Promise<Response> {
    return this.#send(request(this.app.getHttpServer()).delete(path));
  }
  /** Returns the values of the session without its cookie. */
  async session(): Promise<Record<string, unknown>> {
    const { cookie: _, ...values } = (await this.get('/session')).body;
    return values;
  }

  async #send(test: Test): Promise<Response> {
    const response = await test.set('Cookie', this.cookie).redirects(0);
    const [set] = [response.get('Set-Cookie') ?? []].flat();
    if (set) this.cookie = set.split(';')[0] ?? '';
    return response;
  }
}
