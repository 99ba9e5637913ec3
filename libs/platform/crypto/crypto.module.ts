import { Global, Module, type DynamicModule } from '@nestjs/common';
import { KeyedHash, Sealer } from './sealer.js';

/** Everything that needs the master key, and nothing that would give it away. */
@Global()
@Module({})
export class CryptoModule {
  static withMasterKey(masterKey: Buffer): DynamicModule {
    return {
      module: CryptoModule,
      providers: [
        { provide: Sealer, useValue: new Sealer(masterKey) },
        { provide: KeyedHash, useValue: new KeyedHash(masterKey) },
      ],
      exports: [Sealer, KeyedHash],
    };
  }
}
