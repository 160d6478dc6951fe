import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const frames = 1_000_000;
const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

describe('The decoders of ARP, neighbour discovery and MLD under a sanitizer', function () {
  this.timeout(120_000);
  let directory: string;
  let program: string;

  before(function () {
    directory = mkdtempSync(join(tmpdir(), 'herald-fuzz-'));
    program = join(directory, 'packet');
    const flags =
      '-std=c++20 -O1 -g -D_GNU_SOURCE -Wall -Wextra -fsanitize=address,undefined -fno-sanitize-recover=all'.split(' ');
    const { error, status, stderr } = spawnSync(
      'g++',
      [...flags, '-o', program, path('packet.cc'), path('../../native/mld.cc'), path('../../native/packet.cc')],
      { encoding: 'utf8' },
    );
    const missing = error !== undefined || /cannot find.*(asan|ubsan)/.test(stderr);
    if (missing) {
      if (this.test?.parent) Object.assign(this.test.parent, { skipReason: 'no g++ with sanitizers is installed' });
      this.skip();
    }
    assert.equal(status, 0, stderr);
  });

  after(() => rmSync(directory, { recursive: true, force: true }));

  it('reads nothing beyond a frame, invents nothing, and never answers a group, whatever comes', () => {
    const seed = process.env['HERALD_FUZZ_SEED'] ?? String(randomInt(2 ** 32));
    const { status, stdout, stderr, signal } = spawnSync(program, [seed, String(frames)], { encoding: 'utf8' });
    assert.equal(status, 0, `HERALD_FUZZ_SEED=${seed}: ${signal ?? status}\n${stderr}`);
    assert.ok(Number(stdout) > frames / 20, `only ${stdout.trim()} of ${frames} frames said anything`);
  });
});
