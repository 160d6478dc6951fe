import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentSecurityPolicy, readPageFiles, sendPageFile } from '../../src/api/page-files.js';
import { ask } from './ask.js';

describe('The files of the status page', () => {
  const directory = mkdtempSync(join(tmpdir(), 'herald-'));
  const socket = join(directory, 'http.sock');
  let server: Server;

  before(async () => {
    for (const name of ['index.html', 'page.js', 'page.css', 'icon.svg', 'secret'])
      writeFileSync(join(directory, name), name);
    const files = readPageFiles(directory);
    // Whatever becomes of the directory: nothing is read when asked.
    rmSync(join(directory, 'page.js'));
    server = createServer((request, response) => {
      if (!sendPageFile(files, request.url ?? '', request, response)) response.writeHead(404).end('not the page');
    });
    server.listen(socket);
    await once(server, 'listening');
  });

  after(() => {
    server.close();
    rmSync(directory, { recursive: true });
  });

  it('are four, with their types, and may load nothing from elsewhere', async () => {
    for (const [path, name, type] of [
      ['/', 'index.html', 'text/html; charset=utf-8'],
      ['/page.js', 'page.js', 'text/javascript; charset=utf-8'],
      ['/page.css', 'page.css', 'text/css; charset=utf-8'],
      ['/icon.svg', 'icon.svg', 'image/svg+xml'],
    ] as const) {
      const { status, headers, text } = await ask(socket, 'GET', path);
      assert.deepEqual([status, headers['content-type'], text], [200, type, name]);
      assert.equal(headers['content-security-policy'], contentSecurityPolicy);
      assert.equal(headers['x-content-type-options'], 'nosniff');
    }
    assert.match(contentSecurityPolicy, /^default-src 'none'; /);
    assert.doesNotMatch(contentSecurityPolicy, /unsafe/);
  });

  it('are all there is, however the path is written', async () => {
    for (const path of [
      '/secret',
      '/../secret',
      '/%2e%2e/secret',
      '/./page.js',
      '//page.js',
      '/page.js/',
      '/PAGE.JS',
      '/page%2ejs',
      '/index.html',
      '/page.js\\..\\secret',
      '*',
    ])
      assert.equal((await ask(socket, 'GET', path)).text, 'not the page', path);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
      assert.equal((await ask(socket, method, '/')).text, 'not the page', method);
  });

  it('are not sent again to whoever has them', async () => {
    const { headers } = await ask(socket, 'GET', '/page.js');
    const etag = String(headers.etag);
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await ask(socket, 'GET', '/page.js', undefined, { 'if-none-match': known });
      assert.deepEqual([again.status, again.text, again.headers.etag], [304, '', etag], known);
    }
    assert.equal((await ask(socket, 'GET', '/page.css', undefined, { 'if-none-match': etag })).status, 200);
  });

  it('say to HEAD what they would say to GET', async () => {
    const { status, headers, text } = await ask(socket, 'HEAD', '/page.css');
    assert.deepEqual([status, headers['content-length'], text], [200, '8', '']);
  });

  it('are missed before anything is served', () => {
    assert.throws(() => readPageFiles(join(directory, 'nowhere')), /ENOENT/);
  });
});
