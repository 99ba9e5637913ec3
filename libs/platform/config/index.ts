export {
  childEnvironment,
  loadConfig,
  loadProcessConfig,
  type Config,
  type ProcessConfig,
} from './load-config.js';
export { openDataFolder, postgresFolderOf, type DataFolder } from './data-folder.js';
