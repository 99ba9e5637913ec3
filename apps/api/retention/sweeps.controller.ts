import { Body, Controller, Get, HttpCode, Inject, Param, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiBearerAuth, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Clock } from '#kernel';
import type { Caller } from '#access';
import { CLOCK } from '#platform/runtime';
import { RequestSweeps } from '#retention';
import { CurrentCaller } from '../http/current-caller.js';
import { Requires } from '../http/requires.js';
import { presentSweep, StartedSweepsDto, StartSweepsDto, SweepDto } from './sweeps.dto.js';

@ApiTags('retention')
@ApiBearerAuth()
@Controller('v1/retention/sweeps')
export class SweepsController {
  constructor(
    private readonly requestSweeps: RequestSweeps,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Runs every retention rule in force, or counts what it would remove. */
  @Post()
  @HttpCode(202)
  @Requires('create', 'Sweep')
  @ApiAcceptedResponse({ type: StartedSweepsDto })
  async start(@CurrentCaller() caller: Caller, @Body() body: StartSweepsDto): Promise<StartedSweepsDto> {
    return { runId: await this.requestSweeps.execute(caller, { dryRun: body.dryRun, at: this.clock.now() }) };
  }

  @Get(':runId')
  @Requires('read', 'Sweep')
  @ApiOkResponse({ type: [SweepDto] })
  async find(@CurrentCaller() caller: Caller, @Param('runId') runId: string): Promise<readonly SweepDto[]> {
    return (await this.requestSweeps.find(caller, runId)).map(presentSweep);
  }
}
