import { resolve } from 'node:path';
import type { Manifest } from '#connector-kit';
import { parquetSettings } from './settings.js';

export const manifest: Manifest = {
  type: 'parquet',
  title: 'Folder of Parquet files, partitioned or not',
  settings: parquetSettings,
  secrets: [],
  capabilities: ['purposes_by_column'],
  level: 'expunged',
  endpoint: (settings) => `file://${resolve(parquetSettings.parse(settings).folder)}`,
};
