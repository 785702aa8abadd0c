import { readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'

/** Bytes over the wire of a module of dist/, as `npm test` has just built it. */
const size = (name: string): number => gzipSync(readFileSync(new URL(`../../dist/${name}.js`, import.meta.url)), { level: 9 }).length

test('the core is under 6 KB compressed, and what is asked for apart is small', () => {
  const sizes = { core: size('index'), hooks: size('react'), storage: size('storage') }
  console.log('bytes compressed by gzip:', sizes)
  expect(sizes.core).toBeLessThan(6 * 1024)
  expect(sizes.hooks).toBeLessThan(700)
  expect(sizes.storage).toBeLessThan(1_300)
})
