import { Module } from '@nestjs/common';
import { AccessRepository } from './access.repository.js';
import { Authenticate } from './authenticate.js';
import { CreateTenant } from './create-tenant.js';
import { Keys } from './keys.js';

@Module({
  providers: [AccessRepository, Authenticate, CreateTenant, Keys],
  exports: [Authenticate, CreateTenant, Keys],
})
export class AccessModule {}
