export { CryptoModule } from './crypto.module.js';
export { deriveKey, KeyedHash, Sealer } from './sealer.js';
