// The windows of a running herald: what both listeners show beside the API's JSON.

import { EventRing } from '../api/event-ring.js';
import { type PageFiles, readPageFiles } from '../api/page-files.js';
import type { Windows } from '../api/windows.js';
import type { HouseLog } from '../io/log.js';
import { packageFile } from '../io/package-file.js';
import type { ProcessMetrics } from '../metrics/process.js';
import type { Residence } from './residence.js';

export interface OpenWindows {
  readonly ofSocket: Windows;
  readonly ofHttp: Windows;
  close(): void;
}

export function openWindows(house: Residence, log: HouseLog): OpenWindows {
  // Microseconds are more than there are events, so that numbers only grow, over restarts as well.
  const events = new EventRing(Date.now() * 1000);
  log.hear((line) => events.add(line));
  let own: ProcessMetrics | undefined;
  // Where nobody scrapes, nothing of it is loaded.
  const metrics = async function* (): AsyncGenerator<string> {
    const { exposition } = await import('../metrics/exposition.js');
    const { ProcessMetrics } = await import('../metrics/process.js');
    own ??= new ProcessMetrics();
    yield* exposition(house, own, house.metricsCompat);
  };
  return {
    ofSocket: { events, metrics, page: undefined, isReadOnly: false },
    ofHttp: { events, metrics, page: pageFiles(log), isReadOnly: true },
    close: () => {
      events.close();
      own?.stop();
    },
  };
}

function pageFiles(log: HouseLog): PageFiles | undefined {
  try {
    return readPageFiles(packageFile('dist', 'page'));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    log.write('warn', 'pageMissing', `there is no status page: ${why}`);
    return undefined;
  }
}
