import assert from 'node:assert/strict';
import { anyHost, checkHead, isLoopback, localHosts } from '../../src/api/request-head.js';

const accepts = (host: string, knows = anyHost): boolean => {
  try {
    checkHead({ headers: { host }, rawHeaders: ['Host', host] }, knows);
    return true;
  } catch {
    return false;
  }
};

describe('The head of a request', () => {
  const local = localHosts('node-a.example.net');

  it('names the host as people and programs of this host do', () => {
    for (const host of [
      'localhost',
      'localhost:7472',
      'LOCALHOST',
      'node-a:7472',
      '127.0.0.1:7472',
      '[::1]:7472',
      'page.localhost:80',
      'Node-A.example.net:7472',
      '',
    ])
      assert.equal(accepts(host, local), true, host);
  });

  it('is refused by a listener of this host alone when the host is a name that a stranger can own', () => {
    for (const host of [
      'evil.example',
      'evil.example:7472',
      '127.0.0.1.evil.example',
      'localhost.evil.example',
      'evil.example.',
      'node-a.example.net.evil',
      '1.2.3.4.5',
    ])
      assert.equal(accepts(host, local), false, host);
  });

  it('may name any host where others can reach the listener', () => {
    assert.equal(accepts('metrics.example.net:7472'), true);
    assert.deepEqual(['127.0.0.1', '127.9.9.9', '::1', '10.0.0.11', '0.0.0.0', '::'].map(isLoopback), [
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it('has one host, and one that is one', () => {
    for (const host of ['a b', 'a/b', 'a"b', 'a\\b', 'é']) assert.equal(accepts(host), false, host);
    const twice = { headers: { host: 'a' }, rawHeaders: ['Host', 'a', 'accept', 'host', 'hOsT', 'b'] };
    assert.throws(() => checkHead(twice, anyHost), /host/);
    checkHead({ headers: {}, rawHeaders: [] }, local);
  });

  it('knows of no transfer coding but chunks', () => {
    const coded = (coding: string) => () =>
      checkHead({ headers: { 'transfer-encoding': coding }, rawHeaders: [] }, anyHost);
    coded('Chunked')();
    for (const coding of ['gzip, chunked', 'identity', 'chunked, chunked', ''])
      assert.throws(coded(coding), /coding/, coding);
  });
});
