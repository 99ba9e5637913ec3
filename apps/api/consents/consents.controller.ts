import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiBearerAuth, ApiCreatedResponse, ApiHeader, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Caller } from '#access';
import { RecordConsent, WithdrawEverything } from '#consent';
import { CurrentCaller } from '../http/current-caller.js';
import { IdempotencyKey } from '../http/idempotency-key.js';
import { Requires } from '../http/requires.js';
import { ConsentDto, RecordedConsentDto, WithdrawalDto, WithdrawnDto } from './consents.dto.js';

@ApiTags('consent')
@ApiBearerAuth()
@Controller('v1/consents')
export class ConsentsController {
  constructor(
    private readonly recordConsent: RecordConsent,
    private readonly withdrawEverything: WithdrawEverything,
  ) {}

  /** Records what a person said about a purpose. Durable when answered. */
  @Post()
  @Requires('create', 'Consent')
  @ApiHeader({
    name: 'Idempotency-Key',
    required: false,
    description: 'Chosen by you: the same write sent again is answered alike and done once.',
  })
  @ApiCreatedResponse({ type: RecordedConsentDto })
  async record(
    @CurrentCaller() caller: Caller,
    @Body() body: ConsentDto,
    @IdempotencyKey() idempotencyKey: string | undefined,
  ): Promise<RecordedConsentDto> {
    return this.recordConsent.execute(caller, body, idempotencyKey);
  }

  /** Takes back everything at once: every consent is withdrawn, and what can be objected to is. Safe to repeat. */
  @Post('withdrawal')
  @HttpCode(200)
  @Requires('create', 'Consent')
  @ApiOkResponse({ type: WithdrawnDto })
  async withdraw(@CurrentCaller() caller: Caller, @Body() body: WithdrawalDto): Promise<WithdrawnDto> {
    return this.withdrawEverything.execute(caller, body);
  }
}
