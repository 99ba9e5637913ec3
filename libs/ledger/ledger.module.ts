import { Global, Module, type DynamicModule } from '@nestjs/common';
import { AppendEntries } from './append-entries.js';
import { AnnounceChanges, HeardChanges } from './heard-changes.js';
import { Conceal } from './conceal.js';
import { CreateLog } from './create-log.js';
import { EndLog } from './end-log.js';
import { ExportLog } from './export-log.js';
import { IntegrateEntries, SignTree } from './integrate-entries.js';
import { LedgerRepository } from './ledger.repository.js';
import { ReadLedger } from './read-ledger.js';
import { DiskTileFolder } from './tile-folder.js';
import { TILES } from './tokens.js';
import { WriteTiles } from './write-tiles.js';

@Global()
@Module({})
export class LedgerModule {
  /** Logs are published as static files under this folder. */
  static publishing(folder: string): DynamicModule {
    return {
      module: LedgerModule,
      providers: [
        { provide: TILES, useValue: new DiskTileFolder(folder) },
        LedgerRepository,
        Conceal,
        AppendEntries,
        AnnounceChanges,
        HeardChanges,
        CreateLog,
        EndLog,
        WriteTiles,
        SignTree,
        IntegrateEntries,
        ReadLedger,
        ExportLog,
      ],
      exports: [
        AppendEntries,
        HeardChanges,
        Conceal,
        CreateLog,
        EndLog,
        IntegrateEntries,
        ReadLedger,
        ExportLog,
      ],
    };
  }
}
