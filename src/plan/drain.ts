// A node that is to lose its traffic: first everything is announced as a last resort, so that traffic finds another way while
// this one still works, then nothing is. What a plan becomes under that; who decides when is elsewhere. RFC 8326 §4.

import type { RouteAttributes } from '../config/config.js';
import type { LanPlan } from './layer2.js';
import { override } from './merge.js';
import type { ServicePlan } from './plan.js';

/** off: as the tables say. grace: every route is a last resort. drained: nothing is announced. */
export type Drain = 'off' | 'grace' | 'drained';

/** RFC 8326 §4: GRACEFUL_SHUTDOWN, and for peers within our AS the lowest preference there is. */
const lastResort: RouteAttributes = { localPref: 0, communities: [{ kind: 'standard', value: 0xffff0000 }] };

export const asLastResort = (attributes: RouteAttributes): RouteAttributes => override(attributes, lastResort);

/** What would be announced is withheld; what is withheld anyway would not be announced after the drain either. */
export const drainedPlan = ({ routes, withheld }: ServicePlan): ServicePlan => ({
  routes: [],
  withheld: [...routes.map(({ view, prefix }) => ({ view, prefix, reason: 'drained' as const })), ...withheld],
});

export const drainedLanPlan = ({ wishes, withheld }: LanPlan): LanPlan => ({
  wishes: [],
  withheld: [...wishes.map(({ address, via }) => ({ address, via, reason: 'drained' as const })), ...withheld],
});
