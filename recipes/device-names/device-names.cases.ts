import type { INestApplication } from '@nestjs/common';
import { SessionService } from 'nestjs-smart-session';
import supertest from 'supertest';
import { startRecipe } from '../../test/support/recipe.js';
import { describeDevice } from './describe-device.js';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';
const SAFARI =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1';

describe('device-names', () => {
  it.each([
    [FIREFOX, 'Firefox on Linux'],
    [SAFARI, 'Safari on iPhone'],
    [SAFARI.replaceAll('iPhone', 'iPad'), 'Safari on iPad'],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0',
      'Microsoft Edge on Windows',
    ],
    [
      'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36',
      'Chrome on Android',
    ],
    ['Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', 'Googlebot'],
    ['curl/8.5.0', undefined],
    ['<script>alert(1)</script>', undefined],
    ['x', undefined],
  ])('names %s: %s', (userAgent, name) => {
    expect(describeDevice(userAgent)).toBe(name);
  });

  describe('the app', () => {
    let app: INestApplication;

    beforeAll(async () => {
      app = await startRecipe(() => import('./main.js'));
    });
    afterAll(() => app.close());

    const login = async (userAgent: string) => {
      const answer = await supertest(app.getHttpServer()).post('/login').set('User-Agent', userAgent).send({ user: 'anna' });
      return answer.get('Set-Cookie')![0]!.split(';')[0]!;
    };

    it('lists the devices by their names', async () => {
      await app.get(SessionService).clear();
      await login('curl/8.5.0');
      await login(SAFARI);
      const cookie = await login(FIREFOX);
      const { body } = await supertest(app.getHttpServer()).get('/devices').set('Cookie', cookie);
      const devices = (body as { device: string; isCurrent: boolean }[]).map(({ device, isCurrent }) => [device, isCurrent]);
      expect(devices).toHaveLength(3);
      expect(devices).toEqual(expect.arrayContaining([['Firefox on Linux', true], ['Safari on iPhone', false], ['Unknown device', false]])); // prettier-ignore
    });
  });
});
