import { GoBgp } from './routers/gobgp.js';
import { interop } from './suite.js';

interop(GoBgp, { helps: true, refreshes: false, shutdown: /administrative shutdown|hard reset/ });
