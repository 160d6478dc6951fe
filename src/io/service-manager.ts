// What systemd and the daemon say to each other: sd_notify(3) datagrams, sd_listen_fds(3) sockets, sd_watchdog_enabled(3).
// Without systemd nothing is said. Every name here is systemd's.

import { native } from './native.js';

export interface ServiceEnvironment {
  readonly NOTIFY_SOCKET?: string | undefined;
  readonly WATCHDOG_USEC?: string | undefined;
  readonly WATCHDOG_PID?: string | undefined;
  readonly LISTEN_FDS?: string | undefined;
  readonly LISTEN_PID?: string | undefined;
}

/** sd_listen_fds(3): SD_LISTEN_FDS_START. */
const firstDescriptor = 3;
/** Sessions that come up together are one line. */
const statusDelayMs = 200;

export class ServiceManager {
  readonly #environment: ServiceEnvironment;
  readonly #pid: number;
  #status = '';
  #isReady = false;
  #statusDue: NodeJS.Timeout | undefined;

  constructor(environment: ServiceEnvironment = process.env, pid = process.pid) {
    this.#environment = environment;
    this.#pid = pid;
  }

  get isThere(): boolean {
    return (this.#environment.NOTIFY_SOCKET ?? '') !== '';
  }

  /** The control socket, where herald.socket made it; undefined otherwise. */
  get controlSocket(): number | undefined {
    const { LISTEN_FDS, LISTEN_PID } = this.#environment;
    return Number(LISTEN_PID) === this.#pid && Number(LISTEN_FDS) >= 1 ? firstDescriptor : undefined;
  }

  /** How often it wants to hear of us, twice as often as it must; undefined: never. */
  get watchdogMs(): number | undefined {
    const { WATCHDOG_USEC, WATCHDOG_PID } = this.#environment;
    const microseconds = Number(WATCHDOG_USEC);
    const isOurs = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === this.#pid;
    return isOurs && microseconds > 0 ? microseconds / 2000 : undefined;
  }

  ready(): void {
    this.#isReady = true;
    this.#notify('READY=1');
  }

  /** Until reloaded(). Who is not ready yet has still to become so: reloading then is part of starting. */
  reloading(): void {
    if (!this.#isReady) return;
    this.#notify(`RELOADING=1\nMONOTONIC_USEC=${process.hrtime.bigint() / 1000n}`);
  }

  reloaded(): void {
    if (this.#isReady) this.#notify('READY=1');
  }

  stopping(): void {
    this.#notify('STOPPING=1');
  }

  /** One line for `systemctl status`, asked for soon, and said when it is another. */
  status(describe: () => string): void {
    if (!this.isThere) return;
    this.#statusDue ??= setTimeout(() => {
      this.#statusDue = undefined;
      const text = describe();
      if (text === this.#status) return;
      this.#status = text;
      this.#notify(`STATUS=${text}`);
    }, statusDelayMs).unref();
  }

  alive(): void {
    this.#notify('WATCHDOG=1');
  }

  #notify(text: string): void {
    if (!this.isThere) return;
    try {
      native().sendDatagram(this.#environment.NOTIFY_SOCKET ?? '', text);
    } catch {
      // systemd is being restarted, or is not there: it asks again, or nobody does.
    }
  }
}
