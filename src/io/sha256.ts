// The hash of the election, from Node.

import { hash } from 'node:crypto';
import type { Hash } from '../l2/election.js';

export const sha256: Hash = (text) => hash('sha256', text, 'buffer');
