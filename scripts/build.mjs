// TypeScript to JavaScript, file by file; types are checked by `npm run check`.
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fail, root } from './runtime.mjs';

const folders = ['apps', 'libs', 'migrations', 'bench'];
const dist = join(root, 'dist');
const stamp = join(dist, '.lethe-build');
const isSource = (file) => file.endsWith('.ts') && !file.endsWith('.d.ts');
const isLeftOut = (file) =>
  /\.test\.(?:ts|yaml)$|\.md$/.test(file) ||
  file.startsWith(join('libs', 'testing')) ||
  file.split(sep).includes('node_modules') ||
  (file.startsWith('bench') && !isSource(file));

/** Whether `dist` was made from exactly the sources that are here now. */
export function buildIsCurrent() {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint(listFiles());
}

/** Builds beside `dist` and swaps, so that nobody ever runs half of a build, and no output outlives its source. */
export async function build() {
  const { transformFile } = await import('@swc/core');
  const files = listFiles();
  const draft = join(root, 'node_modules', `.lethe-dist-${process.pid}`);
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { recursive: true });
  try {
    await Promise.all(
      files.map((file) => (isSource(file) ? compile(transformFile, file, draft) : copy(file, draft))),
    );
    writeFileSync(join(draft, '.lethe-build'), fingerprint(files));
    const old = `${draft}-old`;
    if (existsSync(dist)) renameSync(dist, old);
    renameSync(draft, dist);
    rmSync(old, { recursive: true, force: true });
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  return files.length;
}

async function compile(transformFile, file, draft) {
  const source = join(root, file);
  const target = join(draft, file.replace(/\.ts$/, '.js'));
  const { code, map } = await transformFile(source, {
    cwd: root,
    swcrcRoots: root,
    sourceFileName: pathToFileURL(source).href,
  });
  mkdirSync(dirname(target), { recursive: true });
  const name = `${target.split(/[\\/]/).at(-1)}.map`;
  writeFileSync(target, map === undefined ? code : `${code}\n//# sourceMappingURL=${name}\n`);
  if (map !== undefined) writeFileSync(`${target}.map`, map);
}

function copy(file, draft) {
  mkdirSync(dirname(join(draft, file)), { recursive: true });
  cpSync(join(root, file), join(draft, file));
}

function listFiles() {
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) => readdirSync(join(root, folder), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .filter((file) => !isLeftOut(file))
    .sort();
}

function fingerprint(files) {
  const hash = createHash('sha256');
  for (const file of ['.swcrc', join('scripts', 'build.mjs'), ...files]) {
    const { size, mtimeMs } = statSync(join(root, file));
    hash.update(`${file}\0${size}\0${mtimeMs}\n`);
  }
  return hash.digest('hex');
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const began = performance.now();
  const count = await build().catch((error) => fail(`The build failed: ${error.message}`));
  process.stdout.write(`Built ${count} files in ${((performance.now() - began) / 1_000).toFixed(1)} s.\n`);
}
