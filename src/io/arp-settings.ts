// Reads what the kernel does about ARP by itself; what is wrong with it is said in src/l2/arp-settings.ts.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ArpSettings } from '../l2/arp-settings.js';

const conf = '/proc/sys/net/ipv4/conf';

/** ip-sysctl.rst: "the max value from conf/{all,interface}/ is used". */
export function readArpSettings(interfaceName: string, directory = conf): ArpSettings {
  return {
    interfaceName,
    arpIgnore: larger(directory, interfaceName, 'arp_ignore'),
    arpAnnounce: larger(directory, interfaceName, 'arp_announce'),
  };
}

function larger(directory: string, interfaceName: string, setting: string): number | undefined {
  try {
    const [all, own] = ['all', interfaceName].map((name) =>
      Number(readFileSync(join(directory, name, setting), 'utf8')),
    );
    return Math.max(all!, own!);
  } catch {
    return undefined;
  }
}
