import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean } from 'class-validator';
import { circuitStates, type PausedStore, type StoreView } from '#enforcement';
import type { RegisteredStore, StoreFault } from '#stores';
import { Optional } from '../http/optional.dto.js';
import { Reason } from '../http/reason.dto.js';

class StoreFaultDto implements StoreFault {
  @ApiProperty() dataset!: string;
  @ApiProperty() message!: string;
}

export class CircuitDto {
  @ApiProperty({
    enum: circuitStates,
    description: 'While it is open nothing is asked of the store; half_open: one small batch tries.',
  })
  state!: StoreView['circuit']['state'];
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) openedAt!: Date | null;
  @ApiProperty({ nullable: true, type: String, description: 'Why the last call failed.' })
  error!: string | null;
  @ApiProperty({ format: 'date-time', nullable: true, type: String }) nextTry!: Date | null;
}

export class PauseDto {
  @ApiProperty({ enum: ['paused', 'draining'] }) state!: 'paused' | 'draining';
  @ApiProperty({ format: 'date-time' }) since!: Date;
  @ApiProperty({ description: 'A key, or the subject of a token.' }) by!: string;
  @ApiProperty() reason!: string;
}

/** Whether a store is worked on, and why not. */
export class StoreControlDto {
  @ApiProperty({ type: CircuitDto }) circuit!: CircuitDto;
  @ApiProperty({ type: PauseDto, nullable: true }) pause!: PauseDto | null;
}

export class PauseStoreDto {
  @Reason('Why; shown with the store.')
  reason!: string;

  @ApiPropertyOptional({ description: 'Work off what is planned already, and only then rest.' })
  @Optional()
  @IsBoolean()
  drain?: boolean;
}

export class BatchInFlightDto {
  @ApiProperty({ format: 'uuid' }) batchId!: string;
  @ApiProperty({ format: 'date-time' }) startedAt!: Date;
  @ApiProperty({ type: 'integer', description: 'How many obligations of this store it has.' })
  obligations!: number;
}

export class PausedStoreDto extends StoreControlDto {
  @ApiProperty({
    type: [BatchInFlightDto],
    description: 'Batches that had begun: they go on, and settle.',
  })
  inFlight!: readonly BatchInFlightDto[];
}

/** A registered store; its settings are never returned. */
export class StoreDto extends StoreControlDto {
  @ApiProperty({ format: 'uuid' }) id!: string;
  @ApiProperty() name!: string;
  @ApiProperty() type!: string;
  @ApiProperty() region!: string;
  @ApiProperty({ description: 'The highest level the store can reach.' }) level!: string;
  @ApiProperty({ enum: ['unchecked', 'ready', 'faulty'] }) state!: string;
  @ApiProperty({ type: [StoreFaultDto] }) faults!: readonly StoreFaultDto[];
  @ApiProperty({ type: [String] }) datasets!: readonly string[];
}

export function presentControl({ circuit, pause }: StoreView): Pick<StoreControlDto, 'circuit' | 'pause'> {
  if (pause === null) return { circuit, pause };
  const { at: since, by, reason, draining } = pause;
  return { circuit, pause: { state: draining ? 'draining' : 'paused', since, by, reason } };
}

export function presentPaused({ store, inFlight }: PausedStore): PausedStoreDto {
  return { ...presentControl(store), inFlight };
}

export function presentStore(store: RegisteredStore, view: StoreView): StoreDto {
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
    ...presentControl(view),
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
