import { GoBgp } from './routers/gobgp.js';
import { interop } from './suite.js';

interop(GoBgp, {
  helps: true,
  refreshes: false,
  openSent: /^4$/,
  shutdown: /administrative shutdown|hard reset/,
  showsMessage: true,
});
