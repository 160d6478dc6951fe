import { OpenBgpd } from './routers/openbgpd.js';
import { interop } from './suite.js';

interop(OpenBgpd, {
  helps: true,
  refreshes: true,
  openSent: /OpenSent/,
  shutdown: /administratively down/,
  showsMessage: true,
});
