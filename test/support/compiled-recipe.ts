import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** Compiles without type checks, which `npm run check` does. */
const COMPILE =
  '--ignoreConfig --noCheck --noResolve --target es2023 --module nodenext --experimentalDecorators --emitDecoratorMetadata --rootDir . --outDir build';

/** Lets a process import this package as an app does, from the compiled files of this run. */
const HOOK = `import { registerHooks } from 'node:module';
const index = ${JSON.stringify(new URL(`file://${resolve('build/src/index.js')}`).href)};
registerHooks({ resolve: (name, context, next) => name === 'nestjs-smart-session' ? { url: index, shortCircuit: true } : next(name, context) });
`;

/** Ends a process when the tests end. */
export const END_WITH_TESTS = ['--import', `data:text/javascript,process.stdin.on('end', () => process.exit(1)).resume().unref()`];

/**
 * Compiles a recipe for processes of its own, into `build`.
 *
 * @returns the parameters with which Node finds the package
 */
export function compileRecipe(name: string): readonly string[] {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', ...COMPILE.split(' '), ...globSync(`recipes/${name}/*.ts`)], {
    stdio: 'inherit',
  });
  const hook = `build/recipes/${name}/package-hook.js`;
  mkdirSync(`build/recipes/${name}`, { recursive: true });
  writeFileSync(hook, HOOK);
  return ['--import', `./${hook}`];
}
