import { once } from 'node:events';
import { Readable } from 'node:stream';
import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Inject,
  Post,
  StreamableFile,
} from '@nestjs/common';
import {
  ApiAcceptedResponse,
  ApiBearerAuth,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiTags,
} from '@nestjs/swagger';
import type { Caller } from '#access';
import type { Clock } from '#kernel';
import {
  BeginErasure,
  BeginOffboarding,
  CancelOffboarding,
  ExportTenant,
  ReadOffboarding,
} from '#offboarding';
import { CLOCK } from '#platform/runtime';
import { CurrentCaller } from '../http/current-caller.js';
import { Requires } from '../http/requires.js';
import { BeginErasureDto, BeginOffboardingDto, OffboardingDto } from './tenants.dto.js';

/** How a tenant leaves: it is made read only, takes everything with it, and is erased but for its log. */
@ApiTags('tenants')
@ApiBearerAuth()
@Controller('v1/offboarding')
export class OffboardingController {
  constructor(
    private readonly beginOffboarding: BeginOffboarding,
    private readonly cancelOffboarding: CancelOffboarding,
    private readonly readOffboarding: ReadOffboarding,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Makes the tenant read only. Refused while work is open, unless it is to be abandoned. */
  @Post()
  @Requires('delete', 'Tenant')
  @ApiCreatedResponse({ type: OffboardingDto })
  async begin(@CurrentCaller() caller: Caller, @Body() body: BeginOffboardingDto): Promise<OffboardingDto> {
    const { confirm, abandonOpenWork } = body;
    await this.beginOffboarding.execute(caller, { confirm, abandonOpenWork, at: this.clock.now() });
    return this.readOffboarding.execute(caller);
  }

  @Get()
  @Requires('read', 'Tenant')
  @ApiOkResponse({ type: OffboardingDto })
  async about(@CurrentCaller() caller: Caller): Promise<OffboardingDto> {
    return this.readOffboarding.execute(caller);
  }

  /** The tenant stays. Possible until the erasure begins. */
  @Delete()
  @HttpCode(204)
  @Requires('delete', 'Tenant')
  @ApiNoContentResponse()
  async cancel(@CurrentCaller() caller: Caller): Promise<void> {
    await this.cancelOffboarding.execute(caller);
  }
}

/** What a leaving tenant takes with it, and its end. */
@ApiTags('tenants')
@ApiBearerAuth()
@Controller('v1/offboarding')
export class ErasureController {
  constructor(
    private readonly exportTenant: ExportTenant,
    private readonly beginErasure: BeginErasure,
    private readonly readOffboarding: ReadOffboarding,
  ) {}

  /** Everything that Lethe holds of the tenant, identifiers of people in clear text, as one NDJSON file. */
  @Get('export')
  @Requires('delete', 'Tenant')
  @Header('content-type', 'application/x-ndjson')
  @Header('cache-control', 'no-store')
  @ApiOkResponse({
    description:
      'A manifest, one line a row, and a last line with count and SHA-256 over every line before it. A file without it is not complete.',
  })
  async export(@CurrentCaller() caller: Caller): Promise<StreamableFile> {
    const stream = Readable.from(withNewlines(this.exportTenant.execute(caller)));
    // A refusal comes before the first line, and then it is an ordinary answer.
    await once(stream, 'readable');
    return new StreamableFile(stream);
  }

  /** Erases the tenant, which nothing undoes. Only with the digest of an export that still tells everything. */
  @Post('erasure')
  @HttpCode(202)
  @Requires('delete', 'Tenant')
  @ApiAcceptedResponse({ type: OffboardingDto })
  async erase(@CurrentCaller() caller: Caller, @Body() body: BeginErasureDto): Promise<OffboardingDto> {
    const { exportDigest } = body;
    await this.beginErasure.execute(caller, exportDigest);
    return this.readOffboarding.execute(caller);
  }
}

async function* withNewlines(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}
