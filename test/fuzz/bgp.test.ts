import assert from 'node:assert/strict';
import { fuzz } from './bgp.js';

describe('BGP codec under fuzzing', () => {
  it('twenty thousand damaged messages are read alike by scan and decode, re-encoded alike, or refused with a BgpError', () => {
    const { sound, faulty, refused } = fuzz(20_000, 4271);
    // Or the damage would have been too small, or too large, to find anything.
    assert.ok(sound > 1000 && faulty > 1000, `${sound} sound, ${faulty} faulty`);
    for (const fault of ['1/1', '1/2', '1/3', '2/0', '2/1', '2/4', '3/1', '3/2', '3/9', '3/10', '7/1'])
      assert.ok(refused.has(fault), `no message was refused with ${fault}`);
  });
});
