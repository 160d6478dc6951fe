import assert from 'node:assert/strict';
import { isTold } from './told.js';

const refuses = (printed: string, shown: string): void =>
  assert.throws(() => isTold(printed, shown), assert.AssertionError);

describe('what a document shows below a command', () => {
  it('is compared with what is printed, but for white space', () => {
    isTold('NAME   STATE\n\neth0   up\n', 'NAME STATE\neth0  up\n');
    refuses('NAME   STATE\neth0   down\n', 'NAME STATE\neth0 up\n');
    refuses('NAME   STATE\n', 'NAME STATE\neth0 up\n');
    refuses('NAME STATE\neth0 up\nand more\n', 'NAME STATE\neth0 up\n');
  });

  it('has a time, a duration, a version and a MAC address for any other, and an address for itself', () => {
    isTold(
      '0.2.0, 2030-11-12 13:14:15 UTC, up 3h1m, 7A:00:aa:00:00:01',
      '0.1.0, 2026-01-02 03:04:05 UTC, up 2s, 02:00:00:00:00:01',
    );
    refuses('10.0.0.2', '10.0.0.1');
    refuses('203.0.113.10/32 announced', '203.0.113.1/32 announced');
    refuses('2 announced', '3 announced');
  });

  it('leaves out what it says it leaves out', () => {
    isTold('one\ntwo\nthree 3\nfour\n', '…\nthree …\n…\n');
    isTold('three 3\n', '…\nthree …\n…\n');
    refuses('one\ntwo\n', '…\nthree …\n');
    refuses('one\nthree 3\n', 'three …\n');
  });

  it('may break JSON where it likes', () => {
    isTold('{"a":[1,2],"b":"c d"}', '{"a": [1, …],\n  "b": "c d"}\n');
    refuses('{"a":[1,2],"b":"c"}', '{"a": [1, …],\n  "b": "d"}\n');
  });

  it('counts no frames', () => {
    isTold('NAME UNASKED\neth0 6\n', 'NAME UNASKED\neth0 15\n');
    refuses('NAME ANNOUNCED\neth0 6\n', 'NAME ANNOUNCED\neth0 15\n');
  });
});
