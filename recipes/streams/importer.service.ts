import { Injectable } from '@nestjs/common';
import { interval, map, take, type Observable } from 'rxjs';

/** A task that takes some time. */
@Injectable()
export class ImporterService {
  /** Emits the number of rows so far. */
  run(): Observable<number> {
    return interval(200).pipe(
      take(5),
      map((n) => (n + 1) * 100),
    );
  }

  report(): AsyncIterable<string> | Iterable<string> {
    return ['sku,quantity\n', 'tea,1\n'];
  }
}
