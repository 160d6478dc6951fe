// The BGP thread: gives the speaker the real ports, and carries messages between it and the main thread.

import { parentPort } from 'node:worker_threads';
import { monotonicClock, nodeTimers } from '../io/clock.js';
import { connectionPair } from '../io/line.js';
import { neighbourAddress } from '../io/local-addresses.js';
import { ServiceManager } from '../io/service-manager.js';
import { tcpTransport } from '../io/tcp.js';
import type { FromSpeaker, ToBgpThread } from './protocol.js';
import { Rehearsal } from './rehearsal.js';
import { Speaker } from './speaker.js';

const port = parentPort;
if (port === null) throw new Error('this file runs as a worker of the daemon');

const report = (message: FromSpeaker): void => port.postMessage(message);

/** Most lines are, and hardly anybody wants them: they need not cross to be dropped. */
let isDebugWanted = false;

const world = { clock: monotonicClock, timers: nodeTimers, random: Math.random, neighbourAddress };
const speaker = new Speaker({
  ...world,
  transport: tcpTransport,
  log: {
    write: (level, event, message, fields = {}) => {
      if (level !== 'debug' || isDebugWanted) report({ kind: 'log', level, event, message, fields });
    },
  },
  report,
});
let rehearsal: Rehearsal | undefined;

// A speaker that hangs is restarted: only this loop, which sends the KEEPALIVEs, says that it lives.
const manager = new ServiceManager();
if (manager.watchdogMs !== undefined) setInterval(() => manager.alive(), manager.watchdogMs).unref();

port.on('message', (message: ToBgpThread) => {
  if (message.kind === 'rehearse') {
    rehearsal ??= new Rehearsal({ ...world, connectionPair });
    rehearsal.receive(message.message);
    if (message.message.kind === 'stop') rehearsal = undefined;
    return;
  }
  if (message.kind === 'configure') isDebugWanted = message.settings.debug === true;
  speaker.receive(message);
  // The thread ends by itself once the last connection has said its farewell.
  if (message.kind === 'stop') port.close();
});
