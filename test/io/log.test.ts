import assert from 'node:assert/strict';
import { HouseLog } from '../../src/io/log.js';

describe('The log', () => {
  it('tells whoever listens what was written before, and then what is', () => {
    const log = new HouseLog();
    log.write('info', 'starting', 'it starts');
    log.write('debug', 'noise', 'nobody asked');
    const heard: string[] = [];
    log.hear(({ event }) => heard.push(event));
    log.write('warn', 'configProblem', 'it is odd');
    assert.deepEqual(heard, ['starting', 'configProblem']);
  });

  it('keeps the latest of what nobody has heard yet, and no more than that', () => {
    const log = new HouseLog();
    for (let i = 0; i < 3000; i++) log.write('warn', `event${i}`, 'again');
    const heard: string[] = [];
    log.hear(({ event }) => heard.push(event));
    assert.deepEqual([heard.length, heard[0], heard.at(-1)], [1024, 'event1976', 'event2999']);
  });
});
