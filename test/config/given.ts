// A configuration file in a world of its own: what parseConfig says about a text.

import assert from 'node:assert/strict';
import type { Config } from '../../src/config/config.js';
import { type Environment, parseConfig } from '../../src/config/parse.js';

export const environment: Environment = {
  hostName: 'node-a',
  readFile: (path) => new Error(`ENOENT: no such file, open '${path}'`),
};

/** `LINE: path: message`, errors only. */
export function errorsOf(text: string, world: Environment = environment): string[] {
  return said(text, 'error', world);
}

export function warningsOf(text: string, world: Environment = environment): string[] {
  return said(text, 'warning', world);
}

function said(text: string, severity: 'error' | 'warning', world: Environment): string[] {
  const { problems } = parseConfig(text, '/etc/herald/herald.yaml', world);
  return problems
    .filter((problem) => problem.severity === severity)
    .map(({ where, path, message }) => `${where.line}: ${path}: ${message}`);
}

/** Fails unless exactly these problems are errors; each is `LINE: path: ` and the beginning of its message. */
export function refuses(text: string, ...expected: string[]): void {
  const errors = errorsOf(text);
  assert.equal(errors.length, expected.length, errors.join('\n'));
  for (const [index, start] of expected.entries())
    assert.ok(errors[index]?.startsWith(start), `${errors[index]}\n  does not start with\n${start}`);
}

export function accepts(text: string, world: Environment = environment): Config {
  const { config, problems } = parseConfig(text, '/etc/herald/herald.yaml', world);
  assert.ok(config !== undefined, problems.map(({ path, message }) => `${path}: ${message}`).join('\n'));
  return config;
}

/** One eBGP peer with these lines added to it, from line 6 on. */
export const peerWith = (...lines: string[]): string =>
  [
    'bgp: { asn: 64512, listen: ["10.0.0.11:179"] }',
    'bgpPeers:',
    '  - name: tor-1',
    '    peerASN: 64500',
    '    peerAddress: 10.0.0.1',
    ...lines.map((line) => `    ${line}`),
    '',
  ].join('\n');
