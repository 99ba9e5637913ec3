import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { PreparedStatements } from '#platform/database';
import { DependencyError } from '#kernel';
import { Metrics } from '#platform/telemetry';
import { Public } from '../http/requires.js';

@ApiTags('health')
@Controller()
@Public()
export class HealthController {
  constructor(
    private readonly prepared: PreparedStatements,
    private readonly metrics: Metrics,
  ) {}

  /** The process runs. */
  @Get('health/live')
  @ApiOkResponse()
  live(): { readonly status: 'live' } {
    return { status: 'live' };
  }

  /** The process can answer: its database does. */
  @Get('health/ready')
  @ApiOkResponse()
  async ready(): Promise<{ readonly status: 'ready' }> {
    try {
      await this.prepared.rows({ name: 'health.ready', text: 'select 1 as ok' }, []);
    } catch (error) {
      throw new DependencyError('unreachable', 'the database does not answer', { cause: error });
    }
    return { status: 'ready' };
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  @ApiOkResponse({ description: 'Prometheus text format.' })
  async metricsText(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}
