// Taking the traffic away from this node, and letting it come back: when everything is a last resort, when it is withdrawn, and
// who is told once it is. What a drain makes of routes is decided in plan/drain.ts. RFC 8326.

import type { DrainBody, DrainCalledOff, DrainRequest } from '../api/drain.js';
import type { Drain } from '../plan/drain.js';
import type { Log, Timer, Timers } from '../ports.js';

/** What is known of a drain when herald starts anew (io/drain-marker.ts). */
export interface DrainMemory {
  read(): number | 'otherBoot' | undefined;
  write(remainingMs: number): void;
  remove(): void;
}

export interface DrainSurroundings {
  readonly announcer: { setDrain(drain: Drain): void };
  readonly memory: DrainMemory;
  readonly log: Log;
  readonly timers: Timers;
  readonly nowMs: () => number;
  /** Established peers that have still to take some of what they are told. */
  readonly behind: () => Promise<readonly string[]>;
  /** Resolves when the LAN is as it is wanted. */
  readonly lanSettled: () => Promise<void>;
  /** Whoever shows the state looks again. */
  readonly changed: () => void;
}

/** A peer that does not read is not waited for longer than this once everything is to be withdrawn. */
const patienceMs = 3000;
const firstLookMs = 5;
const longestLookMs = 200;

/** From one undrain to the next. */
interface Run {
  endMs: number;
  timer: Timer | undefined;
  phase: 'grace' | 'withdrawing' | 'drained';
  pendingPeers: readonly string[];
  readonly ended: Promise<DrainBody | DrainCalledOff>;
  end(result: DrainBody | DrainCalledOff): void;
}

export class Drainage {
  readonly #around: DrainSurroundings;
  #run: Run | undefined;

  constructor(around: DrainSurroundings) {
    this.#around = around;
  }

  get body(): DrainBody {
    const { phase, pendingPeers = [] } = this.#run ?? {};
    return { drained: phase === 'drained', draining: phase === 'grace' || phase === 'withdrawing', pendingPeers };
  }

  /** Before anything is announced: a drain goes on that was under way when herald ended. */
  resume(): void {
    const { announcer, log, memory } = this.#around;
    const remainingMs = memory.read();
    if (remainingMs === undefined) return;
    if (remainingMs === 'otherBoot') {
      this.#forget();
      log.write('info', 'undrained', 'this host was drained before it was booted: it announces again');
    } else if (remainingMs > 0) this.#begin(remainingMs);
    else {
      // Nothing has been said yet that could be withdrawn.
      this.#run = runOf('drained');
      announcer.setDrain('drained');
      log.write('warn', 'drained', 'still drained, as before the restart: nothing is announced until `herald undrain`');
    }
  }

  async drain({ forMs, wait }: DrainRequest): Promise<DrainBody | DrainCalledOff> {
    const run = this.#run ?? this.#begin(forMs);
    if (run.phase === 'grace' && this.#around.nowMs() + forMs < run.endMs) this.#schedule(run, forMs);
    return wait && run.phase !== 'drained' ? run.ended : this.body;
  }

  /** False: there was no drain. */
  undrain(): boolean {
    const { announcer, log, changed } = this.#around;
    if (this.#run === undefined) return false;
    this.#callOff('undrained');
    this.#forget();
    announcer.setDrain('off');
    log.write('info', 'undrained', 'undrained: everything is announced as before');
    changed();
    return true;
  }

  /** Whoever waits is told; the drain itself outlives this herald. */
  stop(): void {
    this.#callOff('stopping');
  }

  #callOff(calledOff: DrainCalledOff['calledOff']): void {
    this.#run?.timer?.cancel();
    this.#run?.end({ calledOff });
    this.#run = undefined;
  }

  #begin(forMs: number): Run {
    const run = runOf('grace');
    this.#run = run;
    if (forMs > 0) this.#around.announcer.setDrain('grace');
    this.#schedule(run, forMs);
    return run;
  }

  #schedule(run: Run, forMs: number): void {
    const { log, nowMs, timers, changed } = this.#around;
    this.#remember(forMs);
    run.timer?.cancel();
    run.endMs = nowMs() + forMs;
    if (forMs === 0) {
      this.#withdraw(run);
      return;
    }
    run.timer = timers.after(forMs, () => this.#withdraw(run));
    const seconds = Math.ceil(forMs / 1000);
    const text = `draining: everything is announced as a last resort, and withdrawn in ${seconds} s`;
    log.write('info', 'draining', text, { seconds });
    changed();
  }

  #withdraw(run: Run): void {
    run.phase = 'withdrawing';
    this.#around.announcer.setDrain('drained');
    this.#around.changed();
    void this.#withdrawn(run).then((pendingPeers) => {
      if (this.#run !== run) return;
      run.phase = 'drained';
      run.pendingPeers = pendingPeers;
      const text = 'drained: nothing is announced until `herald undrain`';
      if (pendingPeers.length === 0) this.#around.log.write('info', 'drained', text);
      else {
        const names = pendingPeers.join(', ');
        this.#around.log.write('warn', 'drained', `${text}; withdrawals still wait for ${names} to read them`);
      }
      this.#around.changed();
      run.end(this.body);
    });
  }

  /** Resolves to the peers that have not taken all of it when patience is over. */
  async #withdrawn(run: Run): Promise<readonly string[]> {
    const { behind, lanSettled, nowMs, timers } = this.#around;
    let isLanSettled = false;
    void lanSettled().then(() => {
      isLanSettled = true;
    });
    const untilMs = nowMs() + patienceMs;
    for (let pauseMs = firstLookMs; ; pauseMs = Math.min(pauseMs * 2, longestLookMs)) {
      const names = await behind();
      if (this.#run !== run || nowMs() >= untilMs || (names.length === 0 && isLanSettled)) return names;
      await new Promise<void>((resolve) => timers.after(pauseMs, resolve));
    }
  }

  #remember(remainingMs: number): void {
    try {
      this.#around.memory.write(remainingMs);
    } catch (error) {
      this.#warn('a herald that is started anew will not know that this host is drained', error);
    }
  }

  #forget(): void {
    try {
      this.#around.memory.remove();
    } catch (error) {
      this.#warn('a herald that is started anew will take this host for drained', error);
    }
  }

  #warn(text: string, error: unknown): void {
    const why = error instanceof Error ? error.message : String(error);
    this.#around.log.write('warn', 'stateDirectory', `${text}: ${why}`);
  }
}

function runOf(phase: Run['phase']): Run {
  let end: Run['end'] = () => {};
  const ended = new Promise<DrainBody | DrainCalledOff>((resolve) => {
    end = resolve;
  });
  return { endMs: 0, timer: undefined, phase, pendingPeers: [], ended, end };
}
