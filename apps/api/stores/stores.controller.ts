import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Caller } from '#access';
import { dataMapJsonSchema, loadManifests } from '#connector-kit';
import { RequestRescan } from '#enforcement';
import type { Clock } from '#kernel';
import { CLOCK } from '#platform/runtime';
import { ReadStores, RegisterDataMap } from '#stores';
import { CurrentCaller } from '../http/current-caller.js';
import { DocumentDto } from '../http/document.dto.js';
import { Public, Requires } from '../http/requires.js';
import { presentStore, RescanDto, StartedRescanDto, StoreDto } from './stores.dto.js';

@ApiTags('stores')
@ApiBearerAuth()
@Controller('v1')
export class StoresController {
  constructor(
    private readonly registerDataMap: RegisterDataMap,
    private readonly readStores: ReadStores,
    private readonly requestRescan: RequestRescan,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Registers the stores of a data map; a worker then checks each against the real thing. */
  @Put('data-map')
  @Requires('update', 'Store')
  @ApiOkResponse({ type: [StoreDto] })
  async register(@CurrentCaller() caller: Caller, @Body() body: DocumentDto): Promise<readonly StoreDto[]> {
    return (await this.registerDataMap.execute(caller, body.document)).map(presentStore);
  }

  /** The JSON Schema of a data map, with the settings of every store type, for editors. */
  @Get('data-map/schema')
  @Public()
  @ApiOkResponse({ type: Object })
  async schema(): Promise<unknown> {
    return dataMapJsonSchema(await loadManifests());
  }

  @Get('stores')
  @Requires('read', 'Store')
  @ApiOkResponse({ type: [StoreDto] })
  async list(@CurrentCaller() caller: Caller): Promise<readonly StoreDto[]> {
    return (await this.readStores.all(caller)).map(presentStore);
  }

  /** Compares a store's subject keys with everyone who was erased; what came back is erased again. */
  @Post('stores/:name/rescans')
  @HttpCode(202)
  @Requires('update', 'Store')
  @ApiAcceptedResponse({ type: StartedRescanDto })
  async rescan(@CurrentCaller() caller: Caller, @Param('name') name: string): Promise<StartedRescanDto> {
    return { id: await this.requestRescan.execute(caller, name, this.clock.now()) };
  }

  @Get('rescans/:id')
  @Requires('read', 'Store')
  @ApiOkResponse({ type: RescanDto })
  async rescanState(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<RescanDto> {
    return this.requestRescan.find(caller, id);
  }
}
