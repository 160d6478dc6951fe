import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { native } from '../../src/io/native.js';

const addon = new URL('../../build/Release/herald.node', import.meta.url).pathname;
const openDescriptors = (): number => readdirSync('/proc/self/fd').length;
const open = () =>
  native().openNetlinkListener({ groups: [1], receiveBufferOctets: 65536, received: () => {}, lost: () => {} });

describe('A native netlink listener', () => {
  it('leaves no descriptor behind, and can be closed twice', async () => {
    const before = openDescriptors();
    for (let i = 0; i < 20; i++) {
      const listener = open();
      listener.close();
      listener.close();
    }
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(openDescriptors() <= before);
  });

  it('says which group does not exist, and leaves no descriptor behind', () => {
    const before = openDescriptors();
    const options = { groups: [100_000], receiveBufferOctets: 65536, received: () => {}, lost: () => {} };
    assert.throws(() => native().openNetlinkListener(options), {
      code: 'EINVAL',
      syscall: 'setsockopt NETLINK_ADD_MEMBERSHIP',
    });
    assert.throws(() => Reflect.apply(native().openNetlinkListener, undefined, [{}]));
    assert.ok(openDescriptors() <= before);
  });

  it('does not keep the process alive', () => {
    const script = `require(${JSON.stringify(addon)}).openNetlinkListener({ groups: [1], receiveBufferOctets: 65536, received() {}, lost() {} })`;
    const { status, signal } = spawnSync(process.execPath, ['-e', script], { timeout: 10_000 });
    assert.deepEqual({ status, signal }, { status: 0, signal: null });
  });

  it('ends with the thread that opened it', async () => {
    const before = openDescriptors();
    const worker = new Worker(
      `const { openNetlinkListener } = require(${JSON.stringify(addon)});
       openNetlinkListener({ groups: [1], receiveBufferOctets: 65536, received() {}, lost() {} });
       require('node:worker_threads').parentPort.postMessage('open');
       setInterval(() => {}, 1000);`,
      { eval: true },
    );
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    await worker.terminate();
    assert.ok(openDescriptors() <= before);
  });
});
