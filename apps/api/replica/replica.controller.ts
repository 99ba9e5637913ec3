import { Readable } from 'node:stream';
import { Controller, Get, Header, Query, StreamableFile } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Caller } from '#access';
import { FeedReplicas, parseShard } from '#consent';
import { CurrentCaller } from '../http/current-caller.js';
import { Requires } from '../http/requires.js';
import { ChangesSinceDto, ReplicaChangesDto, ShardDto } from './replica.dto.js';

@ApiTags('decisions')
@ApiBearerAuth()
@Controller('v1/replica')
export class ReplicaController {
  constructor(private readonly feedReplicas: FeedReplicas) {}

  /** Everything that an in-process client decides from, in a binary form that the client library reads. */
  @Get()
  @Requires('read', 'Replica')
  @Header('cache-control', 'no-store')
  @ApiProduces('application/octet-stream')
  @ApiOkResponse({ description: 'The snapshot.', schema: { type: 'string', format: 'binary' } })
  snapshot(@CurrentCaller() caller: Caller, @Query() { shard }: ShardDto): StreamableFile {
    const chunks = this.feedReplicas.snapshot(caller, parseShard(shard));
    return new StreamableFile(Readable.from(chunks, { objectMode: false }));
  }

  /** What changed since a revision: asked again and again, it keeps a replica fresh. */
  @Get('changes')
  @Requires('read', 'Replica')
  @Header('cache-control', 'no-store')
  @ApiOkResponse({ type: ReplicaChangesDto })
  async changes(
    @CurrentCaller() caller: Caller,
    @Query() { after, policyVersion, shard }: ChangesSinceDto,
  ): Promise<ReplicaChangesDto> {
    const since = { revision: after, policyVersion: policyVersion ?? null };
    return this.feedReplicas.changes(caller, since, parseShard(shard));
  }
}
