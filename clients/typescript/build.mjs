// Builds dist/: a module for the core, one for the hooks, one for the storage, each with its types.
// esbuild puts modules together, terser makes them a twentieth smaller than esbuild alone would.
import { execFileSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { minify } from 'terser'

process.chdir(fileURLToPath(new URL('.', import.meta.url)))
rmSync('dist', { recursive: true, force: true })
execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' })
mkdirSync('dist', { recursive: true })
for (const name of ['index', 'react', 'storage']) {
  const { outputFiles } = await build({
    entryPoints: [`src/${name}.ts`],
    outfile: `dist/${name}.js`,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    sourcemap: 'external',
    write: false,
    // One core for all, so that a page has one cache: the hooks find it beside themselves.
    external: ['react', './index.js'],
  })
  const [map, code] = outputFiles.toSorted((a, b) => b.path.length - a.path.length).map(({ text }) => text)
  const small = await minify(code, {
    module: true,
    ecma: 2020,
    compress: { passes: 3 },
    sourceMap: { content: map, url: `${name}.js.map` },
  })
  writeFileSync(`dist/${name}.js`, small.code)
  writeFileSync(`dist/${name}.js.map`, small.map)
}
