import { ApiProperty } from '@nestjs/swagger';
import type { AppliedPolicy, Policy } from '#policy';

export class PolicyDto implements AppliedPolicy {
  @ApiProperty() version!: number;
  @ApiProperty({ type: Object }) policy!: Policy;
}
