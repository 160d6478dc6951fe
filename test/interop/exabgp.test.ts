import { ExaBgp } from './routers/exabgp.js';
import { interop } from './suite.js';

// 4.2 fails to decode a NOTIFICATION (type 3) with a shutdown communication, and ends the session over that.
interop(ExaBgp, {
  helps: false,
  refreshes: false,
  openSent: /connected/,
  shutdown: /Administrative Shutdown|can not decode .* type "3"/,
  showsMessage: false,
});
