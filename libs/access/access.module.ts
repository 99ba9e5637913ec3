import { Module } from '@nestjs/common';
import { AccessRepository } from './access.repository.js';
import { AuthenticateKey, KnownKeys } from './authenticate-key.js';
import { Authenticate } from './authenticate.js';
import { EndBreakGlass, OperateBreakGlass, OverseeBreakGlass } from './break-glass.js';
import { BreakGlassRepository } from './break-glass.repository.js';
import { CreateTenant } from './create-tenant.js';
import { FindTenant } from './find-tenant.js';
import { KeyUse } from './key-use.js';
import { IssuerKeys } from './issuer-keys.js';
import { IssuersRepository } from './issuers.repository.js';
import { Issuers } from './issuers.js';
import { Keys, ListKeys, MintKey } from './keys.js';
import { RecordBreakGlass } from './record-break-glass.js';
import { TrustedIssuers } from './trusted-issuers.js';
import { UseBreakGlass } from './use-break-glass.js';
import { VerifyToken } from './verify-token.js';

@Module({
  providers: [
    AccessRepository,
    KnownKeys,
    KeyUse,
    AuthenticateKey,
    IssuersRepository,
    TrustedIssuers,
    IssuerKeys,
    Issuers,
    VerifyToken,
    FindTenant,
    BreakGlassRepository,
    RecordBreakGlass,
    EndBreakGlass,
    OperateBreakGlass,
    OverseeBreakGlass,
    UseBreakGlass,
    Authenticate,
    MintKey,
    Keys,
    ListKeys,
    CreateTenant,
  ],
  exports: [
    Authenticate,
    CreateTenant,
    FindTenant,
    Issuers,
    Keys,
    KnownKeys,
    ListKeys,
    OperateBreakGlass,
    OverseeBreakGlass,
  ],
})
export class AccessModule {}
