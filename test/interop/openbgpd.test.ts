import { OpenBgpd } from './routers/openbgpd.js';
import { interop } from './suite.js';

interop(OpenBgpd, { helps: true, refreshes: true, shutdown: /administratively down/ });
