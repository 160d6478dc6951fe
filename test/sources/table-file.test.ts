import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTableFile } from '../../src/sources/table-file.js';

describe('reading a table file', () => {
  let directory: string;
  let file: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'herald-read-'));
    file = join(directory, 'table');
    writeFileSync(file, 'x'.repeat(3_000_000));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  /** Reads, and does something to the file when the first piece has been read. */
  async function read(meanwhile: () => void = () => undefined): Promise<{ kind: string; octets: number }> {
    let octets = 0;
    const { kind } = await readTableFile(file, {
      sized: (size) => (size > 5_000_000 ? 'is too large' : undefined),
      taken(piece) {
        if (octets === 0) meanwhile();
        octets += piece.length;
      },
    });
    return { kind, octets };
  }

  it('gives its octets piece by piece', async () => {
    assert.deepEqual(await read(), { kind: 'read', octets: 3_000_000 });
  });

  it('puts them where they are to stand as a whole, and goes no further when it grows meanwhile', async () => {
    const whole = new Uint8Array(3_000_000);
    const into = (meanwhile: () => void) =>
      readTableFile(file, { sized: () => undefined, taken: () => meanwhile(), whole });
    assert.equal((await into(() => undefined)).kind, 'read');
    assert.ok(whole.every((octet) => octet === 0x78));
    assert.equal((await into(() => appendFileSync(file, 'x'))).kind, 'written');
    assert.equal((await into(() => truncateSync(file, 10))).kind, 'written');
  });

  for (const [what, write] of [
    ['appends to it', () => appendFileSync(file, 'x')],
    ['truncates it', () => truncateSync(file, 10)],
    ['writes it anew', () => writeFileSync(file, 'y'.repeat(3_000_000))],
  ] as const)
    it(`is void when somebody ${what} meanwhile`, async () => {
      assert.equal((await read(write)).kind, 'written');
    });

  it('is void when another file is put in its place meanwhile', async () => {
    const replace = (): void => {
      writeFileSync(`${file}.new`, 'y');
      renameSync(`${file}.new`, file);
    };
    assert.equal((await read(replace)).kind, 'replaced');
    assert.equal((await read(() => unlinkSync(file))).kind, 'replaced');
  });

  it('stops before the first octet of a file that is refused for its size', async () => {
    writeFileSync(file, 'x'.repeat(5_000_001));
    assert.deepEqual(await read(), { kind: 'failed', octets: 0 });
  });
});
