import { Global, Module, type DynamicModule } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PreparedStatements } from './prepared.js';
import { DATABASE_URL } from './tokens.js';
import { Transactions } from './transactions.js';

/** One data source per process, under the one role that process may use. Schema changes come from migrations only. */
@Global()
@Module({})
export class DatabaseModule {
  static forRole(url: string, entities: readonly (new () => object)[], connections: number): DynamicModule {
    return {
      module: DatabaseModule,
      imports: [
        TypeOrmModule.forRoot({
          type: 'postgres',
          url,
          entities: [...entities],
          synchronize: false,
          migrationsRun: false,
          retryAttempts: 0,
          extra: {
            max: connections,
            connectionTimeoutMillis: 5_000,
            statement_timeout: 60_000,
            // A process that stalls inside a transaction must not hold up a lane, or everything a tenant writes.
            idle_in_transaction_session_timeout: 10_000,
          },
        }),
      ],
      providers: [{ provide: DATABASE_URL, useValue: url }, Transactions, PreparedStatements],
      exports: [Transactions, PreparedStatements, TypeOrmModule],
    };
  }
}
