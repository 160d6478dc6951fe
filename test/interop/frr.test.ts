import { Frr } from './routers/frr.js';
import { interop } from './suite.js';

interop(Frr, {
  helps: true,
  refreshes: true,
  openSent: /OpenSent/,
  shutdown: /Cease\/(Administrative Shutdown|Hard Reset)/,
  showsMessage: true,
});
