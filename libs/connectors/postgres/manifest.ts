import type { Manifest } from '#connector-kit';
import { endpointOf, postgresSettings } from './settings.js';

export const manifest: Manifest = {
  type: 'postgres',
  title: 'PostgreSQL tables',
  settings: postgresSettings,
  secrets: ['url'],
  capabilities: ['purposes_by_column'],
  level: 'expunged',
  endpoint: (settings) => endpointOf(postgresSettings.parse(settings).url),
};
