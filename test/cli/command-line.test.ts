import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, chownSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { nameOf } from '../../src/cli/command.js';
import { commands } from '../../src/cli/command-line.js';
import { plainRun } from '../../src/cli/run.js';
import { version } from '../../src/version.js';
import { Served, temporaryDirectory } from '../api/served.js';
import { type } from './operator.js';

const documentation = readFileSync(new URL('../../docs/cli.md', import.meta.url), 'utf8');

describe('the command line', () => {
  it('exits 64 on what it does not understand, and names what was meant', async () => {
    const mistakes = {
      statsu: /did you mean status\?/,
      'frobnicate x': /unknown command frobnicate/,
      'peers --sokcet x': /--sokcet.*did you mean --socket\?/,
      'peers a b c': /one word too many: c; there are: herald peers \[action\] \[name\]/,
      'status --foo': /unknown option --foo; `herald status --help` lists/,
      'announce status 203.0.113.1 --ownr ops': /did you mean --owner\?/,
      'peers disabel tor-1': /disabel; did you mean disable\?/,
      'peers enable tor-1 --message bye': /--message goes with disable and reset, not enable/,
      'peers reset tor-1 --watch': /--watch is for looking/,
      'peers tor-1 --message bye': /--message goes with/,
      'peers --socket': /--socket needs a value/,
      'status --socket=': /--socket needs a value/,
      'announce web': /herald announce <name> <address\.\.>/,
      withdraw: /herald withdraw <name>/,
      'run --confg x': /did you mean --config\?/,
      'run now': /one word too many: now/,
      '-x status': /unknown option -x/,
      completions: /did you mean completion\?/,
    };
    for (const [line, expected] of Object.entries(mistakes)) {
      const { code, out, err } = await type(line.split(' '));
      assert.deepEqual({ line, code, out }, { line, code: 64, out: '' });
      assert.match(err, expected);
    }
  });

  it('explains itself, and every command', async () => {
    const { code, out } = await type(['--help']);
    assert.equal(code, 0);
    for (const command of commands) {
      assert.ok(out.includes(`herald ${nameOf(command)}`), nameOf(command));
      assert.ok(documentation.includes(`| [\`herald ${nameOf(command)}`), nameOf(command));
      const help = await type([nameOf(command), '--help']);
      assert.deepEqual({ code: help.code, err: help.err }, { code: 0, err: '' });
      for (const text of [command.summary, ...Object.keys(command.options).map((name) => `--${name}`)])
        assert.ok(help.out.includes(text.slice(0, 60)), `${nameOf(command)}: ${text}`);
    }
    const nothing = await type([]);
    assert.deepEqual(nothing, { code: 64, out: '', err: out });
  });

  it('tells its version', async () => {
    assert.equal((await type(['version'])).out, `herald ${version}\n`);
    assert.equal((await type(['--version'])).out, `${version}\n`);
  });

  it('completes', async () => {
    const script = await type(['completion'], { variables: { SHELL: '/bin/bash' } });
    assert.match(script.out, /complete .* herald\n/);
    const asked = async (...words: readonly string[]): Promise<string[]> => {
      const { code, out } = await type(['--get-yargs-completions', 'herald', ...words]);
      assert.equal(code, 0);
      // In zsh with what each does.
      return out.split('\n').map((line) => line.replace(/:.*/, ''));
    };
    const words = await asked('');
    for (const command of commands) {
      const name = nameOf(command);
      assert(words.includes(name), name);
      const options = await asked(name, '--');
      for (const option of Object.keys(command.options)) assert(options.includes(`--${option}`), `${name} --${option}`);
    }
  });

  describe('herald run', () => {
    const variables = { STATE_DIRECTORY: '/var/lib/a:/var/lib/b', RUNTIME_DIRECTORY: '/run/a' };

    it('is recognised without more ado', () => {
      const given = plainRun(['run', '--config', 'a.yaml', '--socket=b'], variables);
      assert.deepEqual(
        ['config', 'state-dir', 'socket'].map((name) => given?.text(name)),
        ['a.yaml', '/var/lib/a', 'b'],
      );
    });

    it('finds its files by systemd’s variables, herald’s own, or custom', () => {
      const texts = (environment: Record<string, string>): (string | undefined)[] =>
        ['config', 'state-dir', 'socket'].map((name) => plainRun(['run'], environment)?.text(name));
      assert.deepEqual(texts({}), ['/etc/herald/herald.yaml', '/var/lib/herald', '/run/herald/herald.sock']);
      assert.deepEqual(texts(variables), ['/etc/herald/herald.yaml', '/var/lib/a', '/run/a/herald.sock']);
      assert.deepEqual(texts({ ...variables, HERALD_CONFIG: 'c', HERALD_SOCKET: 's' }), ['c', '/var/lib/a', 's']);
    });

    it('is left to the long way when it is not plain', () => {
      for (const line of [
        'run --help',
        'run now',
        'run --confg x',
        'run --config',
        'run --config=',
        'status',
        'peers run',
      ])
        assert.equal(plainRun(line.split(' '), {}), undefined, line);
    });
  });

  describe('where herald is not', () => {
    let directory: string;
    beforeEach(() => {
      directory = temporaryDirectory();
    });
    afterEach(() => rmSync(directory, { recursive: true }));

    it('exits 69, with the path and how to start one', async () => {
      const missing = join(directory, 'herald.sock');
      writeFileSync(join(directory, 'file'), '');
      for (const path of [missing, join(directory, 'file'), join(directory, 'file', 'herald.sock')]) {
        const { code, err } = await type(['status'], { variables: { HERALD_SOCKET: path } });
        assert.equal(code, 69);
        assert.ok(err.includes(path) && err.includes('systemctl start herald'), err);
      }
      assert.equal((await type(['status', '--watch', '--socket', missing])).code, 69);
    });

    it('exits 1 where somebody else answers', async () => {
      const path = join(directory, 'other.sock');
      const other = createServer((_, answer) => answer.writeHead(404).end('nginx')).listen(path);
      await once(other, 'listening');
      const { code, err } = await type(['status', '--socket', path]);
      assert.equal(code, 1);
      assert.match(err, /not one of herald's/);
      other.close();
    });

    it('exits 64 for a path that can be no socket', async () => {
      assert.equal((await type(['status', '--socket', `/${'x'.repeat(200)}`])).code, 64);
    });
  });

  it('exits 77 where the socket is not for us, and says for whom it is', async () => {
    const served = await Served.open();
    chmodSync(served.directory, 0o755);
    const isRoot = process.geteuid!() === 0;
    // Root may use any socket, so it becomes nobody for one call.
    if (isRoot) chownSync(served.socket, 0, 1);
    else chmodSync(served.socket, 0o060);
    if (isRoot) process.seteuid!(65534);
    try {
      const { code, err } = await type(['status', '--socket', served.socket]);
      assert.equal(code, 77);
      assert.match(err, /may not use .*for the group \w+ \(sudo usermod/);
    } finally {
      if (isRoot) process.seteuid!(0);
      await served.close();
    }
  });
});
