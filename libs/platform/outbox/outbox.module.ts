import { Global, Module } from '@nestjs/common';
import { Outbox } from './outbox.js';
import { RelayOutbox } from './relay.js';

@Global()
@Module({ providers: [Outbox, RelayOutbox], exports: [Outbox, RelayOutbox] })
export class OutboxModule {}
