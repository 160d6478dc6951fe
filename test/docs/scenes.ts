// Where a document's session begins: an empty directory, or a host that the document tells of, with a top-of-rack router at the
// other end of its eth0.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Package, packages } from '../setup.js';
import { root } from './documents.js';

export interface Scene {
  /** Nothing in it needs a machine of its own. */
  readonly anywhere?: true;
  /** Why only root can go through it. */
  readonly rootFor?: string;
  readonly needs: readonly Package[];
  /** Typed before the first line of the document. */
  readonly lines: readonly string[];
}

/** Why the document cannot be followed here; undefined where it can. `apart`: why there are no machines of their own. */
export function obstacleTo({ anywhere, rootFor, needs }: Scene, apart: string | undefined): string | undefined {
  if (apart !== undefined && !anywhere) return apart;
  if (rootFor !== undefined && process.getuid?.() !== 0) return `it needs root: ${rootFor}`;
  const missing = needs.find((name) => !existsSync(packages[name]));
  return missing === undefined ? undefined : `${missing} is not installed`;
}

/** Its address is 10.0.0.11, the router's 10.0.0.1; `ssh tor-1` is there. */
const network = [
  'ip netns add tor-1',
  'ip link add eth0 type veth peer name eth0 netns tor-1',
  ...['address add 10.0.0.11/24 dev eth0', 'link set eth0 up'].map((words) => `ip ${words}`),
  ...['link set lo up', 'address add 10.0.0.1/24 dev eth0', 'link set eth0 up'].map((words) => `ip -n tor-1 ${words}`),
];

/** What the document's host has been doing all along, from where the document shows its files. */
const once = (file: string, command: string): string => `until [ -e ${file} ]; do sleep 0.1; done; exec ${command}`;

/** AS 64500 takes what anybody in AS 64512 says. */
const tor = [
  ...network,
  `cat > ../bird.conf <<'.'
router id 10.0.0.1;
protocol device { }
protocol bgp host {
  local 10.0.0.1 as 64500;
  neighbor range 10.0.0.0/24 as 64512;
  dynamic name "host";
  ipv4 { import all; export none; };
}
.`,
  'mkdir /run/bird ../units',
  'ip netns exec tor-1 bird -c ../bird.conf',
  ...Object.entries({
    herald: 'exec herald run',
    exabgp: once(
      '/etc/exabgp/web.conf',
      'env exabgp.daemon.user=root exabgp.api.cli=false exabgp /etc/exabgp/exabgp.conf',
    ),
    keepalived: once('/etc/keepalived/keepalived.conf', 'keepalived --dont-fork --log-console'),
    web: `exec ${process.execPath} -e 'require("http").createServer((_, answer) => answer.end()).listen(8080)'`,
    'health-web': 'exec /etc/herald/health-web',
    'bring-table': 'exec /etc/herald/bring-table',
  }).map(([unit, command]) => `echo '${command.replaceAll("'", "'\\''")}' > ../units/${unit}`),
];

/** The example configuration and table of the package. */
const example = [
  ...tor,
  `cp ${join(root, 'systemd/herald.example.yaml')} /etc/herald/herald.yaml`,
  `cp ${join(root, 'systemd/allocations.example.yaml')} /etc/herald/allocations.yaml`,
];

/** As nearly all documents have it. */
const running = [...example, 'systemctl start herald'];

const onTheHost: readonly Package[] = ['bird2', 'curl', 'jq', 'procps'];

const scenes: Readonly<Record<string, Scene>> = {
  'README.md': { anywhere: true, needs: ['curl'], lines: [] },
  'docs/cli.md': { needs: onTheHost, lines: example },
  'docs/lab.md': {
    rootFor: 'FRR has a user of its own',
    needs: ['bird2', 'frr', 'gobgpd', 'curl'],
    // As Debian's package makes it whenever the host starts.
    lines: ['install -d -o frr -g frr /run/frr'],
  },
  'docs/migrating-from-exabgp.md': { needs: [...onTheHost, 'exabgp'], lines: [...tor, 'systemctl start web exabgp'] },
  'docs/migrating-from-keepalived.md': {
    rootFor: 'keepalived runs only scripts of root',
    needs: [...onTheHost, 'keepalived', 'iputils-arping'],
    lines: [...tor, 'systemctl start keepalived'],
  },
  'docs/migrating-from-metallb.md': { needs: [...onTheHost, 'iputils-arping'], lines: tor },
  'docs/operations.md': {
    needs: onTheHost,
    lines: [...running, "sed 's/holdTime: 9s/holdTime: 30s/' /etc/herald/herald.yaml > /etc/herald/herald.yaml.new"],
  },
};

export const sceneOf = (document: string): Scene => scenes[document] ?? { needs: onTheHost, lines: running };
