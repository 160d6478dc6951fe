import assert from 'node:assert/strict';
import { ConflictLog } from '../../src/house/conflict-log.js';
import { address } from '../l2/given.js';

function logged() {
  const lines: string[] = [];
  const log = new ConflictLog({ write: (_level, event, message) => lines.push(`${event}: ${message}`) });
  const claim = (text: string, nowMs: number, action: 'note' | 'defend' | 'refuse' = 'note', last = 9): void =>
    log.write(
      { kind: 'conflict', link: 'eth0', address: address(text), mac: Uint8Array.of(2, 0, 0, 0, 0, last), action },
      nowMs,
    );
  return { lines, claim };
}

describe('the log of conflicts', () => {
  it('says who claims what, where, and what herald does', () => {
    const { lines, claim } = logged();
    claim('10.0.0.1', 0);
    claim('2001:db8::1', 0, 'defend');
    claim('10.0.0.2', 0, 'refuse');
    const start = 'is claimed by 02:00:00:00:00:09 on eth0 as well';
    assert.deepEqual(lines, [
      `addressConflict: 10.0.0.1 ${start}; herald goes on announcing it`,
      `addressConflict: 2001:db8::1 ${start}; herald announces it again`,
      `addressConflict: 10.0.0.2 ${start}; herald does not announce it, and asks again in a minute`,
    ]);
  });

  it('says each once a minute, another claimant anew, and then how many were not said', () => {
    const { lines, claim } = logged();
    for (let ms = 0; ms < 60_000; ms += 1000) claim('10.0.0.1', ms);
    claim('10.0.0.1', 59_999, 'note', 8);
    assert.equal(lines.length, 2);
    claim('10.0.0.1', 60_000);
    assert.equal(
      lines[2],
      'addressConflicts: 59 more claims of announced addresses by others; `herald interfaces` lists them',
    );
    assert.equal(lines.length, 4);
  });

  it('says no more than twenty lines a minute, however many addresses are claimed', () => {
    const { lines, claim } = logged();
    for (let n = 0; n < 10_000; n++) claim(`10.0.${n >> 8}.${n & 255}`, n);
    assert.equal(lines.length, 20);
  });
});
