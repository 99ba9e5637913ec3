export { faultPoints, reach, type FaultPoint } from './fault-points.js';
