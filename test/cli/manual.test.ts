import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { nameOf } from '../../src/cli/command.js';
import { commands } from '../../src/cli/command-line.js';
import { exitCodes } from '../../src/cli/exit.js';
import { manual } from '../../src/cli/manual.js';

const page = readFileSync(new URL('../../docs/herald.8', import.meta.url), 'utf8');

describe('docs/herald.8', () => {
  it('is what the table of commands says; `npm run docs` writes it anew', () => {
    assert.equal(page, manual(commands));
  });

  it('has every command, option and exit code', () => {
    for (const command of commands) {
      assert(page.includes(`.SS herald ${nameOf(command)}`), nameOf(command));
      for (const option of Object.keys(command.options))
        assert(page.includes(`.B \\-\\-${option.replaceAll('-', '\\-')}`), option);
    }
    for (const code of Object.values(exitCodes)) assert(page.includes(`.TP\n.B ${code}\n`), String(code));
  });

  it('is a page that groff has nothing to say against', function () {
    if (!existsSync('/usr/bin/groff')) this.skip();
    const { status, stdout, stderr } = spawnSync('groff', ['-man', '-Tutf8', '-ww', '-P-c'], {
      input: page,
      encoding: 'utf8',
    });
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
    assert.match(stdout, /herald - announces the addresses/);
    assert.match(stdout.replaceAll(/.[\b]/g, ''), /--config FILE/);
  });
});
