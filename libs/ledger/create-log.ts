import { generateKeyPairSync } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Clock, TenantId } from '#kernel';
import { Sealer } from '#platform/crypto';
import { CLOCK } from '#platform/runtime';
import { emptyRoot } from './domain/merkle.js';
import { formatVerifierKey, rawPublicKey, verifierOf } from './domain/note.js';
import { LedgerRepository } from './ledger.repository.js';

/** What a log's sealed private key is bound to. */
export function signingContext(tenant: TenantId): string {
  return `ledger-key/${tenant}`;
}

/** Makes a tenant's log: its counter, its tree, and a key pair of its own. */
@Injectable()
export class CreateLog {
  constructor(
    private readonly repository: LedgerRepository,
    private readonly sealer: Sealer,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The origin names the log for ever; it is also the name of its key. */
  async execute(
    tx: EntityManager,
    tenant: TenantId,
    origin: string,
  ): Promise<{ readonly verifierKey: string }> {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const verifierKey = formatVerifierKey(verifierOf(origin, rawPublicKey(publicKey)));
    const sealedKey = this.sealer.seal(
      privateKey.export({ type: 'pkcs8', format: 'der' }),
      signingContext(tenant),
    );
    await this.repository.insertLog(
      tx,
      { tenantId: tenant, origin, verifierKey, sealedKey, root: emptyRoot },
      this.clock.now(),
    );
    return { verifierKey };
  }
}
