// What the plan for the LAN is made from when somebody asks what would be: the interfaces of this host as they are now.

import type { Config } from '../config/config.js';
import { sha256 } from '../io/sha256.js';
import { matcher, type Segment, segments } from '../l2/interfaces.js';
import type { Link } from '../l2/link.js';
import type { Situation } from '../plan/draft.js';

export type ListLinks = () => Promise<readonly Link[]>;

/** Loaded when first asked: a herald that only speaks BGP has no use for it. */
export const listLinks: ListLinks = async () => {
  const { watchLinks } = await import('../io/links.js');
  const watch = await watchLinks(() => {}, { write: () => {} });
  watch.close();
  return watch.links();
};

/** Gives each situation that has advertisements what it is planned from. Who is elected is as `known` has it. */
export async function learnLan(known: Situation, situations: readonly Situation[], list: ListLinks): Promise<void> {
  const asking = situations.filter(({ config }) => config.l2Advertisements.length > 0);
  if (asking.length === 0) return;
  const links = await list();
  const segmentsOf = ({ layer2 }: Config): Segment[] => segments(links, matcher(layer2.excludeInterfaces));
  for (const { lan, config } of asking)
    lan.learn({ segments: segmentsOf(config), membership: known.lan.membership }, sha256);
}
