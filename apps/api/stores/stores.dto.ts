import { ApiProperty } from '@nestjs/swagger';
import type { RegisteredStore, StoreFault } from '#stores';

class StoreFaultDto implements StoreFault {
  @ApiProperty() dataset!: string;
  @ApiProperty() message!: string;
}

/** A registered store; its settings are never returned. */
export class StoreDto {
  @ApiProperty({ format: 'uuid' }) id!: string;
  @ApiProperty() name!: string;
  @ApiProperty() type!: string;
  @ApiProperty() region!: string;
  @ApiProperty({ description: 'The highest level the store can reach.' }) level!: string;
  @ApiProperty({ enum: ['unchecked', 'ready', 'faulty'] }) state!: string;
  @ApiProperty({ type: [StoreFaultDto] }) faults!: readonly StoreFaultDto[];
  @ApiProperty({ type: [String] }) datasets!: readonly string[];
}

export function presentStore(store: RegisteredStore): StoreDto {
  const { id, name, type, region, level, state, faults } = store;
  return {
    id,
    name,
    type,
    region,
    level,
    state,
    faults,
    datasets: store.datasets.map((dataset) => dataset.name),
  };
}

export class StartedRescanDto {
  @ApiProperty({ format: 'uuid' }) id!: string;
}

export class RescanDto {
  @ApiProperty({ format: 'uuid' }) id!: string;
  @ApiProperty({ format: 'uuid' }) storeId!: string;
  @ApiProperty({ enum: ['requested', 'finished', 'failed'] }) state!: string;
  @ApiProperty({ description: 'Subject keys compared.' }) keys!: number;
  @ApiProperty({ description: 'Keys of erased people; their signals are being erased again.' })
  found!: number;
  @ApiProperty({ nullable: true, type: String }) error!: string | null;
}
