// `npm run page`: the page on port 7472 of the loopback over a made-up house in which things happen, to look at while one
// works on it. The page is built once, before.

import { PageHouse } from './page-house.js';
import { ServedPage } from './served.js';

const house = new PageHouse({ services: Number(process.argv[2] ?? 100_000), isSound: process.argv.includes('sound') });
const served = await ServedPage.open(house, 7472);
process.stdout.write(`${served.url}\n`);

setInterval(() => {
  const [one] = house.peers;
  if (one === undefined) return;
  const isUp = one.state === 'Established';
  house.peers = house.peers.with(0, {
    ...one,
    state: isUp ? 'Active' : 'Established',
    flaps: one.flaps + (isUp ? 1 : 0),
  });
  if (isUp) served.publish('warn', 'sessionDown', 'hold timer expired', { peer: one.name });
  else served.publish('info', 'sessionUp', 'Established, hold time 90s, ipv4 ipv6', { peer: one.name });
}, 7000);
