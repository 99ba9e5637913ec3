import { Body, Controller, Get, HttpCode, Inject, Param, Post, Put } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Caller } from '#access';
import { dataMapJsonSchema, loadManifests } from '#connector-kit';
import { PauseStore, ReadControls, RequestRescan, ResumeStore } from '#enforcement';
import type { Clock } from '#kernel';
import { CLOCK } from '#platform/runtime';
import { ReadStores, RegisterDataMap, type RegisteredStore } from '#stores';
import { CurrentCaller } from '../http/current-caller.js';
import { DocumentDto } from '../http/document.dto.js';
import { Public, Requires } from '../http/requires.js';
import {
  PausedStoreDto,
  PauseStoreDto,
  presentControl,
  presentPaused,
  presentStore,
  RescanDto,
  StartedRescanDto,
  StoreControlDto,
  StoreDto,
} from './stores.dto.js';

@ApiTags('stores')
@ApiBearerAuth()
@Controller('v1')
export class StoresController {
  constructor(
    private readonly registerDataMap: RegisterDataMap,
    private readonly readStores: ReadStores,
    private readonly readControls: ReadControls,
    private readonly requestRescan: RequestRescan,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Registers the stores of a data map; a worker then checks each against the real thing. */
  @Put('data-map')
  @Requires('update', 'Store')
  @ApiOkResponse({ type: [StoreDto] })
  async register(@CurrentCaller() caller: Caller, @Body() body: DocumentDto): Promise<readonly StoreDto[]> {
    return this.present(caller, await this.registerDataMap.execute(caller, body.document));
  }

  /** The JSON Schema of a data map, with the settings of every store type, for editors. */
  @Get('data-map/schema')
  @Public()
  @ApiOkResponse({ type: Object })
  async schema(): Promise<unknown> {
    return dataMapJsonSchema(await loadManifests());
  }

  /** With the state of their circuits, and whether they are paused. */
  @Get('stores')
  @Requires('read', 'Store')
  @ApiOkResponse({ type: [StoreDto] })
  async list(@CurrentCaller() caller: Caller): Promise<readonly StoreDto[]> {
    return this.present(caller, await this.readStores.all(caller));
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

  private async present(caller: Caller, stores: readonly RegisteredStore[]): Promise<readonly StoreDto[]> {
    const viewOf = await this.readControls.execute(caller);
    return stores.map((store) => presentStore(store, viewOf(store.id)));
  }
}

/** Keeping Lethe from a store for a while. */
@ApiTags('stores')
@ApiBearerAuth()
@Controller('v1/stores/:name')
export class StorePausesController {
  constructor(
    private readonly pauseStore: PauseStore,
    private readonly resumeStore: ResumeStore,
  ) {}

  /** From the answer on nothing is begun in the store, until somebody resumes it; what is in flight goes on. Deadlines do not wait. */
  @Post('pause')
  @HttpCode(200)
  @Requires('update', 'Store')
  @ApiOkResponse({ type: PausedStoreDto })
  async pause(
    @CurrentCaller() caller: Caller,
    @Param('name') name: string,
    @Body() body: PauseStoreDto,
  ): Promise<PausedStoreDto> {
    return presentPaused(await this.pauseStore.execute(caller, name, body));
  }

  /** Ends a pause; a store whose circuit is open is tried at once. */
  @Post('resume')
  @HttpCode(200)
  @Requires('update', 'Store')
  @ApiOkResponse({ type: StoreControlDto })
  async resume(@CurrentCaller() caller: Caller, @Param('name') name: string): Promise<StoreControlDto> {
    return presentControl(await this.resumeStore.execute(caller, name));
  }
}
