import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ServiceManager } from '../../src/io/service-manager.js';
import { eventually } from '../interop/eventually.js';

/** systemd's end of a notify socket: prints what it is told, one datagram a line, with \n for its line ends. */
const manager = `import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
name = sys.argv[1]
s.bind("\\0" + name[1:] if name[0] == "@" else name)
print("bound", flush=True)
while True: print(s.recv(4096).decode().replace("\\n", "\\\\n"), flush=True)`;

describe('the service manager', () => {
  let directory = '';
  const children: ChildProcess[] = [];
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'herald-notify-'));
  });
  after(() => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(directory, { recursive: true });
  });

  async function listening(path: string): Promise<string[]> {
    const heard: string[] = [];
    const child = spawn('python3', ['-c', manager, path], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(child);
    child.stdout.on('data', (octets: Buffer) => heard.push(...octets.toString().split('\n').filter(Boolean)));
    await eventually(
      () => heard,
      (lines) => assert(lines.includes('bound')),
    );
    return heard;
  }

  for (const [what, path] of [
    ['a path', () => join(directory, 'notify')],
    ['an abstract name', () => `@herald-notify-${process.pid}`],
  ] as const)
    it(`hears at ${what} what becomes of the daemon`, async () => {
      const heard = await listening(path());
      const there = new ServiceManager({ NOTIFY_SOCKET: path() });
      there.reloading();
      there.reloaded();
      there.ready();
      there.reloading();
      there.reloaded();
      there.alive();
      there.stopping();
      for (const _ of [1, 2]) there.status(() => '2 of 2 peers');
      await eventually(
        () => heard.length,
        (length) => assert.equal(length, 7),
      );
      assert.deepEqual(
        heard.map((text) => text.replace(/\d{3,}/, 'N')),
        [
          'bound',
          'READY=1',
          'RELOADING=1\\nMONOTONIC_USEC=N',
          'READY=1',
          'WATCHDOG=1',
          'STOPPING=1',
          'STATUS=2 of 2 peers',
        ],
      );
    });

  it('is not missed where it is not, or does not answer', () => {
    new ServiceManager({}).ready();
    new ServiceManager({ NOTIFY_SOCKET: join(directory, 'nobody') }).ready();
    new ServiceManager({ NOTIFY_SOCKET: `/${'x'.repeat(200)}` }).ready();
  });

  it('hands over a control socket only to the process that it is meant for', () => {
    assert.equal(new ServiceManager({ LISTEN_FDS: '1', LISTEN_PID: '7' }, 7).controlSocket, 3);
    assert.equal(new ServiceManager({ LISTEN_FDS: '1', LISTEN_PID: '8' }, 7).controlSocket, undefined);
    assert.equal(new ServiceManager({}, 7).controlSocket, undefined);
  });

  it('wants to hear twice as often as its watchdog bites', () => {
    assert.equal(new ServiceManager({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '7' }, 7).watchdogMs, 15_000);
    assert.equal(new ServiceManager({ WATCHDOG_USEC: '30000000' }, 7).watchdogMs, 15_000);
    assert.equal(new ServiceManager({ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '8' }, 7).watchdogMs, undefined);
    assert.equal(new ServiceManager({}, 7).watchdogMs, undefined);
  });
});
