import { Bird } from './routers/bird.js';
import { interop } from './suite.js';

interop(Bird, {
  helps: true,
  refreshes: true,
  openSent: /OpenSent/,
  shutdown: /Administrative shutdown/i,
  showsMessage: true,
});
