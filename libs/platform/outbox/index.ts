export { Outbox, type Bell } from './outbox.js';
export { OutboxModule } from './outbox.module.js';
export { RelayOutbox } from './relay.js';
