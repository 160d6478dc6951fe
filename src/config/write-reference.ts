// `npm run docs`: writes docs/configuration.md anew.

import { readFileSync, writeFileSync } from 'node:fs';
import { reference } from './reference.js';

const at = (path: string): URL => new URL(`../../${path}`, import.meta.url);
writeFileSync(at('docs/configuration.md'), reference(readFileSync(at('systemd/herald.example.yaml'), 'utf8')));
