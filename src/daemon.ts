// The floor plan: builds every room and joins them, in the order in which a route flows. Reads from here: configuration,
// sources, announcer, BGP thread; then the windows, which only look in.

import { setTimeout as delay } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { HttpKeeper } from './house/http-keeper.js';
import { loadConfig } from './house/load-config.js';
import { Residence } from './house/residence.js';
import { BgpThread } from './io/bgp-thread.js';
import { markBoot } from './io/boot-marker.js';
import { LedgerUnusable } from './io/ledger.js';
import { describeError, HouseLog } from './io/log.js';
import { ServiceManager } from './io/service-manager.js';
import { socketPathFault } from './io/socket-path.js';
import { answers } from './io/unix-socket.js';
import { watchFile } from './io/watch.js';
import { formatProblem } from './problem.js';
import { version } from './version.js';

export interface DaemonOptions {
  /** The BGP thread, already loading. */
  readonly worker: Worker;
  readonly configFile: string;
  readonly stateDirectory: string;
  readonly socketPath: string;
}

const exitCode = { done: 0, failed: 1, badConfig: 78 } as const;
/** SIGTERM is answered within five seconds, whatever a peer or a client of the API does. */
const farewellMs = 3000;
/** The windows open once the first announcements are out; but a table that takes long must not keep them shut. */
const windowsMs = 2000;
/** A change of the configuration that comes with others right behind it is read once. */
const reloadDelayMs = 20;

/** The first announcements leave undisturbed. */
const rehearsalDelayMs = 100;

/** Whether somebody lives there who may not be asked: whoever opens the socket will find out, and say it. */
const cannotTell = (): boolean => false;

/** Why herald cannot be asked there: better known before anything is announced. */
const controlSocketFault = async (path: string): Promise<string | undefined> =>
  (await answers(path).catch(cannotTell))
    ? `another herald answers on ${path}; --socket and --state-dir give this one places of its own`
    : socketPathFault(path);

/** Runs until a signal ends it; resolves to the exit code. */
export async function startDaemon(options: DaemonOptions): Promise<number> {
  const log = new HouseLog();
  let end: (code: number) => void = () => {};
  const ended = new Promise<number>((resolve) => {
    end = resolve;
  });
  const bgp = new BgpThread(options.worker, {
    log: ({ level, event, message, fields }) => log.write(level, event, message, fields),
    transition: (transition) => {
      residence?.peerChanged(transition);
      tellManager();
    },
    tableTold: () => residence?.tableTold(),
    crashed: (error) => {
      log.write('error', 'crashed', `the BGP thread failed: ${describeError(error)}`);
      log.flush();
      end(exitCode.failed);
    },
  });
  let residence: Residence | undefined;
  const manager = new ServiceManager();
  const tellManager = (): void => manager.status(() => residence?.summary() ?? '');
  const reload = async (isAsked: boolean): Promise<void> => {
    manager.reloading();
    await residence?.reload({ isAsked });
    manager.reloaded();
  };

  const fail = (error: unknown): void => {
    log.write('error', 'crashed', describeError(error));
    log.flush();
    end(exitCode.failed);
  };
  process.on('uncaughtException', fail);
  process.on('unhandledRejection', fail);
  let isLeaving = false;
  const leave = (why: string, keepRoutes: boolean, code: number = exitCode.done): void => {
    // Whoever forwards a signal that the terminal sent to the whole group as well says it twice.
    if (isLeaving) return;
    isLeaving = true;
    manager.stopping();
    log.write('info', 'stopping', `${why}: ${keepRoutes ? 'leaving for a restart' : 'withdrawing everything'}`);
    // The LAN first: there nobody has to be waited for.
    const lan = Promise.race([residence?.leaveLan(keepRoutes), delay(farewellMs, undefined, { ref: false })]);
    const farewell = bgp.stop(`herald stops: ${why}`, keepRoutes, farewellMs);
    Promise.all([lan, farewell]).then(() => end(code), fail);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => leave(signal, false));
  process.on('SIGUSR2', () => leave('SIGUSR2', true));
  process.on('SIGHUP', () => void reload(true).catch(fail));

  const { config, problems } = loadConfig(options.configFile);
  const fault = manager.controlSocket === undefined ? await controlSocketFault(options.socketPath) : undefined;
  if (config === undefined || fault !== undefined) {
    const lines = config === undefined ? problems.map(formatProblem) : [fault];
    for (const line of lines) process.stderr.write(`${line}\n`);
    await bgp.stop('', false, 0);
    return config === undefined ? exitCode.badConfig : exitCode.failed;
  }
  log.configure(config.log.level, config.log.format);
  for (const problem of problems) log.write('warn', 'configProblem', formatProblem(problem));
  const boot = markBoot(options.stateDirectory);
  if (boot.problem !== '' && config.bgpPeers.some(({ gracefulRestart }) => gracefulRestart !== undefined)) {
    log.write('warn', 'stateDirectory', `a restart will lose routes at graceful-restart helpers: ${boot.problem}`);
  }
  const http = new HttpKeeper((host, port) => serveHttp(house, { host, port }, log, windows.ofHttp), log);
  try {
    const forwardingPreserved = boot.survived;
    const around = { ...options, bgp, log, http, changed: tellManager, forwardingPreserved };
    residence = await Residence.open(config, problems, around);
  } catch (error) {
    if (!(error instanceof LedgerUnusable)) throw error;
    log.write('error', 'ledgerUnusable', error.message);
    log.flush();
    await bgp.stop('', false, 0);
    return exitCode.failed;
  }
  const house = residence;
  log.write('info', 'starting', house.describe(), { version });

  let due: NodeJS.Timeout | undefined;
  const watch = watchFile(options.configFile, () => {
    clearTimeout(due);
    due = setTimeout(() => reload(false).catch(fail), reloadDelayMs);
  });
  await Promise.race([house.announced, ended, new Promise((resolve) => setTimeout(resolve, windowsMs).unref())]);
  await log.open();
  const { serveApi, serveHttp } = await import('./api/server.js');
  const { openWindows } = await import('./house/windows.js');
  const windows = openWindows(house, log);
  const api = isLeaving
    ? undefined
    : await serveApi(house, options.socketPath, log, windows.ofSocket, manager.controlSocket).catch(
        (error: unknown) => {
          const why = error instanceof Error ? error.message : String(error);
          log.write('error', 'apiFailed', `the control socket cannot be opened: ${why}`);
          leave('without a control socket', false, exitCode.failed);
        },
      );
  if (!isLeaving) await http.start();
  if (api !== undefined) house.opened();
  const scene = { house, config, bgp, isCalledOff: () => isLeaving };
  void house.tablesRead.then(() => {
    if (isLeaving) return;
    manager.ready();
    tellManager();
    setTimeout(() => {
      import('./house/rehearsal.js').then(({ rehearse }) => rehearse(scene)).catch(fail);
    }, rehearsalDelayMs).unref();
  }, fail);
  const code = await ended;
  watch.close();
  house.close();
  windows.close();
  await Promise.all([api?.close(), http.close()]);
  return code;
}
