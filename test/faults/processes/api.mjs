// The API as it is, with an ear for orders to die or to stall at a named point.
import { obeyThen } from './obey.mjs';

await obeyThen(() => import('../../../dist/apps/api/main.js'));
