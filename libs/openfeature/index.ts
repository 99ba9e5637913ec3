export { LetheProvider, type LetheProviderOptions } from './lethe-provider.js';
