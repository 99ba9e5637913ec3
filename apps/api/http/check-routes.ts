import { PATH_METADATA } from '@nestjs/common/constants.js';
import { type DiscoveryService, type MetadataScanner } from '@nestjs/core';
import { PUBLIC, REQUIREMENT } from './requires.js';

/** Refuses to start with a route that does not say who may call it. */
export function checkRoutes(discovery: DiscoveryService, scanner: MetadataScanner): void {
  for (const { instance, metatype } of discovery.getControllers()) {
    const prototype: unknown = Object.getPrototypeOf(instance);
    if (typeof metatype !== 'function' || typeof prototype !== 'object' || prototype === null) continue;
    for (const name of scanner.getAllMethodNames(prototype)) {
      const handler: unknown = Reflect.get(prototype, name);
      if (!isRoute(handler) || declares(handler) || declares(metatype)) continue;
      throw new Error(`${metatype.name}.${name} declares no ability: add @Requires(...) or @Public()`);
    }
  }
}

function isRoute(handler: unknown): handler is object {
  return typeof handler === 'function' && Reflect.hasMetadata(PATH_METADATA, handler);
}

function declares(target: object): boolean {
  return Reflect.hasMetadata(REQUIREMENT, target) || Reflect.hasMetadata(PUBLIC, target);
}
