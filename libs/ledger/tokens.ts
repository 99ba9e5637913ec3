/** Injection token of the TileFolder that logs are published in. */
export const TILES = Symbol('Tiles');
