export { reportReady } from './report-ready.js';
