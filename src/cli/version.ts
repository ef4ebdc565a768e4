import { createRequire } from 'node:module';

/** Returns the version of this package. */
export function ownVersion(): string {
  // The package refers to itself by its name. So the path does not depend on the folder of the compiled file.
  const { version } = createRequire(import.meta.url)('nestjs-smart-session/package.json') as { readonly version: string };
  return version;
}
