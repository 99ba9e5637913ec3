export { readGpc } from './consent-signals/global-privacy-control.js';
export { readGpp } from './consent-signals/gpp.js';
export { signalsDeny } from './consent-signals/map-signals.js';
export { readTcf } from './consent-signals/tcf.js';
