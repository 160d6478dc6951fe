// What the process says of itself, the same for every Node program, and how late the main thread's event loop is.

import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';

/** Gauges that call themselves totals, which Prometheus's own check refuses. */
const misnamed = ['nodejs_active_handles_total', 'nodejs_active_requests_total', 'nodejs_active_resources_total'];

export class ProcessMetrics {
  readonly #registry = new Registry();
  readonly #delay: IntervalHistogram = monitorEventLoopDelay({ resolution: 20 });

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
    for (const name of misnamed) this.#registry.removeSingleMetric(name);
    this.#delay.enable();
    const delay = this.#delay;
    new Gauge({
      name: 'herald_event_loop_lag_seconds',
      help: 'How late the event loop of the main thread was since the last scrape, 99th percentile.',
      registers: [this.#registry],
      collect() {
        this.set(delay.percentile(99) / 1e9);
        delay.reset();
      },
    });
  }

  text(): Promise<string> {
    return this.#registry.metrics();
  }

  stop(): void {
    this.#delay.disable();
  }
}
