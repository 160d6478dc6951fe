import assert from 'node:assert/strict';
import { Worker } from 'node:worker_threads';
import { BgpThread } from '../../src/io/bgp-thread.js';

/** A speaker that counts how often it is asked, and says so where listeners would stand; and ends when it is told to. */
const counting = `
  const { parentPort } = require('node:worker_threads');
  let asked = 0;
  parentPort.on('message', (message) => {
    if (message.kind === 'stop') parentPort.close();
    if (message.kind !== 'query') return;
    const status = { peers: [], listeners: [++asked] };
    setTimeout(() => parentPort.postMessage({ kind: 'answer', id: message.id, status }), 5);
  });
`;

describe('The status of the BGP thread', () => {
  it('is asked for once however many want it, and is never older than the question', async () => {
    const nothing = (): void => {};
    const crashed = (error: Error): void => assert.fail(error);
    const thread = new BgpThread(new Worker(counting, { eval: true }), {
      log: nothing,
      transition: nothing,
      tableTold: nothing,
      crashed,
    });
    const asked = async (): Promise<unknown> => (await thread.status()).listeners[0];
    const first = asked();
    const crowd = Array.from({ length: 1000 }, asked);
    assert.equal(await first, 1);
    assert.deepEqual(new Set(await Promise.all(crowd)), new Set([2]));
    assert.equal(await asked(), 3);
    await thread.stop('', false, 1000);
  });
});
