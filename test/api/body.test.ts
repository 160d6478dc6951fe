import assert from 'node:assert/strict';
import { BodyRoom } from '../../src/api/body.js';
import { CallError } from '../../src/api/problem-answer.js';

const MiB = 1024 * 1024;
const refusal = (status: number) => (error: unknown) => error instanceof CallError && error.status === status;

describe('The room for bodies', () => {
  it('holds no more of one than that one may have', () => {
    const share = new BodyRoom().share();
    share.take(60 * MiB, 64 * MiB);
    assert.throws(() => share.take(5 * MiB, 64 * MiB), refusal(413));
    share.take(4 * MiB, 64 * MiB);
  });

  it('holds 256 MiB of all together, and says that it is busy beyond that', () => {
    const room = new BodyRoom();
    const shares = Array.from({ length: 4 }, () => room.share());
    for (const share of shares) share.take(64 * MiB, 64 * MiB);
    const late = room.share();
    assert.throws(() => late.take(1, 64 * MiB), refusal(503));
    shares[0]?.giveBack();
    late.take(1, 64 * MiB);
  });

  it('gets back what a share took, once', () => {
    const room = new BodyRoom();
    const [one, other] = [room.share(), room.share()];
    one.take(200 * MiB, 256 * MiB);
    other.take(50 * MiB, 256 * MiB);
    one.giveBack();
    one.giveBack();
    room.share().take(206 * MiB, 256 * MiB);
    assert.throws(() => room.share().take(1, 256 * MiB), refusal(503));
  });
});
