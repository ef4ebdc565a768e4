import { Injectable } from '@nestjs/common';
import { interval, map, take, type Observable } from 'rxjs';

/** Work that takes a while. */
@Injectable()
export class ImporterService {
  /** How many rows there are so far. */
  run(): Observable<number> {
    return interval(200).pipe(
      take(50),
      map((n) => (n + 1) * 100),
    );
  }

  report(): AsyncIterable<string> | Iterable<string> {
    return ['sku,quantity\n', 'tea,1\n'];
  }
}
