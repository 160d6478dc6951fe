// A process to be killed: writes to the ledger of a directory for ever, and says each number once it is on disk.

import { openLedger } from '../../src/io/ledger.js';

const ledger = await openLedger(process.argv[2]!);
for (let number = 0; ; number++) {
  ledger.write({
    held: [
      { service: 'a/first', addresses: [], pool: `${number}`, since: number },
      { service: 'a/second', addresses: [], pool: `${number}`, since: number },
    ],
    written: [{ source: 'cli', service: `a/${number % 100}`, entry: `${number}` }],
  });
  process.stdout.write(`${number}\n`);
}
