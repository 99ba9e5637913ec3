import { resolve } from 'node:path';
import type { Manifest } from '#connector-kit';
import { lancedbSettings } from './settings.js';

export const manifest: Manifest = {
  type: 'lancedb',
  title: 'LanceDB tables in a folder',
  settings: lancedbSettings,
  secrets: [],
  capabilities: [],
  level: 'expunged',
  endpoint: (settings) => `file://${resolve(lancedbSettings.parse(settings).folder)}`,
};
