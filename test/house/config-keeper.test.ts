import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ReloadOptions, ReloadResult } from '../../src/api/house.js';
import type { Config } from '../../src/config/config.js';
import { ConfigKeeper, type ConfigRefusal, type Exemptions } from '../../src/house/config-keeper.js';
import { loadConfig } from '../../src/house/load-config.js';
import { KeptLog, temporaryDirectory } from '../api/served.js';
import { FakeTime } from '../bgp/fake-time.js';

/** A configuration that is told from others by its AS number. */
const saying = (asn: number): string => `node: { name: node-a }\nbgp: { asn: ${asn} }\n`;

describe('the configuration in force', () => {
  let directory: string;
  let file: string;
  let time: FakeTime;
  let log: KeptLog;
  let keeper: ConfigKeeper;
  let refusal: ConfigRefusal | undefined;
  /** What the rest of the house was told, and what each change was exempt from. */
  let applied: (number | undefined)[];
  let exemptions: Exemptions[];

  const write = (text: string): void => writeFileSync(file, text);
  const reload = (options: ReloadOptions = {}): Promise<ReloadResult> => keeper.reload(options);
  /** As the watch does, a moment after the file was saved. */
  const save = async (text: string): Promise<void> => {
    write(text);
    time.run(1000);
    await reload({ isAsked: false });
  };
  const pass = async (milliseconds: number): Promise<void> => {
    time.run(milliseconds);
    await reload({ isAsked: false }); // stands in line behind what the timer began
  };
  const events = (): string[] => log.lines.map(({ event }) => event);
  const inForce = (): number | undefined => keeper.config.bgp.asn;

  beforeEach(() => {
    directory = temporaryDirectory();
    file = join(directory, 'herald.yaml');
    time = new FakeTime();
    log = new KeptLog();
    refusal = undefined;
    applied = [];
    exemptions = [];
    write(saying(1));
    const { config, problems } = loadConfig(file);
    assert.ok(config);
    keeper = new ConfigKeeper(config, problems, {
      configFile: file,
      log,
      time,
      admit: async (_: Config, exempt) => {
        exemptions.push(exempt);
        return exempt.safety ? undefined : refusal;
      },
      apply: async ({ bgp }) => void applied.push(bgp.asn),
      changed: () => {},
    });
  });

  afterEach(() => {
    keeper.close();
    assert.equal(time.pending, 0);
    rmSync(directory, { recursive: true });
  });

  it('comes back on silence, whatever safety and pools say, and the file is not in force', async () => {
    const { loadedAt } = keeper.body();
    await save(saying(2));
    const result = await reload({ confirmWithinSeconds: 60 });
    const confirmBefore = new Date(time.now().getTime() + 60_000).toISOString();
    assert.deepEqual(result, { kind: 'done', warnings: [], wayBack: { confirmBefore, fallback: { loadedAt } } });
    assert.deepEqual(keeper.body().confirmBefore, confirmBefore);
    refusal = { lines: ['it would withdraw too much'], onlyRevocations: false };
    await pass(60_000);
    assert.equal(inForce(), 1);
    assert.deepEqual(exemptions.at(-1), { safety: true, revocations: true });
    const { stale, problems, ...body } = keeper.body();
    assert.deepEqual(body, { file, loadedAt });
    assert.equal(stale, true);
    assert.deepEqual(problems, [
      `not confirmed within 60 s: the configuration loaded at ${loadedAt} is in force again, the file on disk is not`,
    ]);
    assert.deepEqual(events(), ['configLoaded', 'configLoaded', 'configUnconfirmed', 'configRolledBack']);
    assert.equal(keeper.confirm(), 'tooLate');
  });

  it('stays when it is confirmed', async () => {
    await save(saying(2));
    await reload({ confirmWithinSeconds: 60 });
    assert.equal(keeper.confirm(), 'kept');
    assert.equal(keeper.body().confirmBefore, undefined);
    await pass(3_600_000);
    assert.deepEqual([inForce(), keeper.isStale], [2, false]);
    assert.equal(keeper.confirm(), 'nothingToConfirm');
  });

  it('goes back as well from what nobody has seen before', async () => {
    write(saying(2));
    await reload({ confirmWithinSeconds: 60 });
    assert.equal(inForce(), 2);
    await pass(60_000);
    assert.equal(inForce(), 1);
  });

  it('has no way back where nothing has changed, and says so', async () => {
    for (let i = 0; i < 2; i++) {
      const result = await reload({ confirmWithinSeconds: 60 });
      assert.equal(result.kind, 'done');
      assert.ok(result.kind === 'done' && result.wayBack === undefined);
      assert.match(
        result.kind === 'done' ? result.warnings.join() : '',
        /nothing to confirm, and nothing to go back to/,
      );
      // Nor has a change any that was confirmed.
      await save(saying(2));
      await reload({ confirmWithinSeconds: 60 });
      keeper.confirm();
    }
    assert.equal(time.pending, 0);
  });

  it('is taken over in the window as at any other time, and goes back to the same', async () => {
    await save(saying(2));
    const first = await reload({ confirmWithinSeconds: 60 });
    await save(saying(3));
    write(saying(4));
    const second = await reload();
    assert.equal(inForce(), 4);
    assert.deepEqual(second, first);
    await pass(58_999);
    assert.equal(inForce(), 4);
    await pass(1);
    assert.equal(inForce(), 1);
  });

  it('is given more time by another reload, and goes back to the same', async () => {
    await save(saying(2));
    await reload({ confirmWithinSeconds: 60 });
    time.run(30_000);
    write(saying(3));
    await reload({ confirmWithinSeconds: 60 });
    await pass(59_999);
    assert.equal(inForce(), 3);
    await pass(1);
    assert.equal(inForce(), 1);
  });

  it('opens no window when it is refused, and closes none', async () => {
    write('bgp: {');
    assert.equal((await reload({ confirmWithinSeconds: 60 })).kind, 'refused');
    assert.equal(time.pending, 0);
    write(saying(2));
    refusal = { lines: ['too much'], onlyRevocations: false };
    assert.equal((await reload({ confirmWithinSeconds: 60 })).kind, 'refused');
    assert.deepEqual([time.pending, inForce()], [0, 1]);

    refusal = undefined;
    await reload({ confirmWithinSeconds: 60 });
    const { confirmBefore } = keeper.body();
    write('bgp: {');
    time.run(1000);
    assert.equal((await reload({ confirmWithinSeconds: 600 })).kind, 'refused');
    assert.equal(keeper.body().confirmBefore, confirmBefore);
    await pass(59_000);
    assert.equal(inForce(), 1);
    const { stale, problems } = keeper.body();
    assert.equal(stale, true);
    assert.ok(
      problems.some((problem) => problem.includes('herald.yaml:')),
      'what is wrong with the file is still said',
    );
  });

  it('once taken back is not taken over by a file that says the same again, but by one that says something else', async () => {
    await save(saying(2));
    await reload({ confirmWithinSeconds: 1 });
    await pass(1000);
    const { problems } = keeper.body();
    await save(`# touched\n${saying(2)}`);
    assert.deepEqual([inForce(), keeper.body().problems], [1, problems]);
    await save('bgp: {');
    await save(saying(2));
    assert.deepEqual([inForce(), keeper.body().problems], [1, problems]);
    await save(saying(3));
    assert.deepEqual([inForce(), keeper.isStale, keeper.body().problems], [3, false, []]);
  });

  it('once taken back is taken over by whoever asks for it, and the way back is the same', async () => {
    await save(saying(2));
    await reload({ confirmWithinSeconds: 1 });
    await pass(1000);
    const again = await reload({ confirmWithinSeconds: 1 });
    assert.ok(again.kind === 'done' && again.wayBack !== undefined);
    assert.deepEqual([inForce(), keeper.isStale], [2, false]);
    await pass(1000);
    assert.equal(inForce(), 1);
  });

  it('takes nothing back when the file was put back by hand', async () => {
    await save(saying(2));
    await reload({ confirmWithinSeconds: 60 });
    await save(saying(1));
    const told = applied.length;
    time.run(60_000);
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([inForce(), keeper.isStale, applied.length], [1, false, told]);
    assert.equal(events().at(-1), 'configRolledBack');
    assert.equal(keeper.confirm(), 'nothingToConfirm');
  });

  it('changes one after the other, however fast they come', async () => {
    write(saying(2));
    const first = reload();
    const second = reload({ confirmWithinSeconds: 60 });
    await Promise.all([first, second]);
    assert.deepEqual(applied, [2, 2]);
    assert.equal(keeper.body().confirmBefore !== undefined, true);
  });
});
