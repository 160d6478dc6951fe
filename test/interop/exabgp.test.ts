import { ExaBgp } from './routers/exabgp.js';
import { interop } from './suite.js';

interop(ExaBgp, { helps: false, refreshes: false, shutdown: /Administrative Shutdown/ });
