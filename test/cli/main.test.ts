import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { version } from '../../src/version.js';

const program = new URL('../../src/main.ts', import.meta.url);
const begin = `import('${program}').then(({ main }) => main(process.argv.slice(1), undefined))`;

describe('the program', () => {
  it('says on its streams what it has to say, and exits with the code', () => {
    const type = (...words: readonly string[]) =>
      spawnSync(process.execPath, ['--import', 'tsx', '--eval', begin, '--', ...words], { encoding: 'utf8' });
    const told = type('version');
    assert.deepEqual([told.status, told.stdout, told.stderr], [0, `herald ${version}\n`, '']);
    const nobody = type('status', '--socket', '/nonexistent/herald.sock');
    assert.deepEqual([nobody.status, nobody.stdout], [69, '']);
    assert.match(nobody.stderr, /^herald: no herald answers on \/nonexistent\/herald\.sock;/);
  });
});
