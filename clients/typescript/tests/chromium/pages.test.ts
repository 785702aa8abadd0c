/** The built modules in Chromium, on pages that the real binary serves. CHROMIUM names another browser than the system's. */

import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { Server } from '../support/server.js'

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
let server: Server
let browser: Browser
let context: BrowserContext
let problems: string[]

beforeAll(async () => {
  server = await Server.start('hotel', {
    change(folder) {
      cpSync(here('public'), join(folder, 'public'), { recursive: true })
      cpSync(here('../../dist'), join(folder, 'public/live'), { recursive: true })
      buildSync({
        entryPoints: [here('react-page.tsx')],
        outfile: join(folder, 'public/react-page.js'),
        bundle: true,
        format: 'esm',
        jsx: 'automatic',
        define: { 'process.env.NODE_ENV': '"development"' },
      })
    },
  })
  browser = await chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  })
})
afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

beforeEach(async () => {
  context = await browser.newContext()
  problems = []
})
afterEach(async () => {
  await context.close()
  expect(problems, 'errors in the console').toEqual([])
})

async function open(path: string, user: number): Promise<Page> {
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error' && !/Failed to load resource|ERR_INTERNET_DISCONNECTED/.test(message.text())) problems.push(message.text())
  })
  await page.goto(`${server.url}/${path}#token=${server.token(user)}`)
  return page
}

const value = (page: Page, id: string): Promise<string> => page.locator(`#${id}`).evaluate((element) => (element as HTMLOutputElement).value)
const until = (holds: () => Promise<void>): Promise<void> => vi.waitFor(holds, { timeout: 15_000, interval: 20 })
const shows = (page: Page, free: string, state: string): Promise<void> =>
  until(async () => expect([await value(page, 'free'), await value(page, 'state')]).toEqual([free, state]))
const seen = (page: Page): Promise<string[][]> => page.evaluate(() => (window as unknown as { seen: string[][] }).seen)

test('a booking in one tab shows in the other without a reload, and the guess never flickers', async () => {
  const one = await open('plain.html', 1)
  const other = await open('plain.html', 2)
  await shows(one, '40', 'live')
  await shows(other, '40', 'live')
  await one.bringToFront()
  await one.click('#book')
  await shows(one, '39', 'live')
  const all = (await seen(one)).map(([free]) => free)
  expect(all.lastIndexOf('40'), String(all)).toBeLessThan(all.indexOf('39'))
  expect(await seen(one)).toContainEqual(['39', 'live optimistic'])
  await other.bringToFront()
  await shows(other, '39', 'live')
})

test('after a reload what was known is there before the server answers, and is confirmed without being sent again', async () => {
  const page = await open('plain.html', 3)
  await shows(page, '39', 'live')
  const stored = (): Promise<string[]> => page.evaluate(() => Object.keys(localStorage).filter((name) => name.startsWith('martlet:')))
  await until(async () => expect(await stored()).toHaveLength(2))
  await page.reload()
  await shows(page, '39', 'live')
  const states = (await seen(page)).map(([free, state]) => `${free} ${state}`)
  expect(states.some((state) => /^39 .*stale/.test(state)), String(states)).toBe(true)
  expect(await page.evaluate(() => (window as unknown as { live: { stats: { frames: number } } }).live.stats.frames)).toBe(0)

  await page.click('#leave')
  await until(async () => expect((await stored()).filter((name) => name.includes('my_bookings'))).toEqual([]))
  await shows(page, '39', 'live')
  await until(async () => expect((await stored()).filter((name) => name.includes('availability'))).toHaveLength(1))
})

test('offline the page keeps what it knows and asks nothing; online it goes on', async () => {
  const page = await open('plain.html', 4)
  await shows(page, '39', 'live')
  await context.setOffline(true)
  await until(async () => expect(await value(page, 'state')).toMatch(/^waiting stale/))
  expect(await value(page, 'free')).toBe('39')
  await context.setOffline(false)
  await shows(page, '39', 'live')
})

test('from another origin everything works too: preflights, positions, tags, keys', async () => {
  await context.close()
  // Pages that Martlet serves may call their own origin alone; another's pages have rules of their own.
  context = await browser.newContext({ bypassCSP: true })
  const page = await open('plain.html', 7)
  const told = await page.evaluate(
    async ([url, token]) => {
      const { createLive } = window as unknown as typeof import('../../dist/index.js')
      const live = createLive(url!, '', { accessToken: () => token! })
      const nights = { check_in: '2033-05-01', check_out: '2033-05-04' }
      const watch = live.watch('availability', nights)
      const until = async (holds: () => boolean): Promise<void> => {
        while (!holds()) await new Promise((resolve) => setTimeout(resolve, 10))
      }
      watch.subscribe(() => {})
      await until(() => watch.state.connection === 'live')
      const guess = live.change('availability', nights, (rooms) => (rooms as object[]).slice(1))
      const { error } = await live.act('book_room', { room_type_id: 1, ...nights }, { optimistic: [guess], idempotent: true })
      await until(() => !watch.state.isOptimistic)
      const [first] = watch.state.data as { free: number }[]
      await live.get('room_types')
      await live.get('room_types', {}, { freshMs: 0, staleMs: 0 })
      const { streams, notModified, rollbacks } = live.stats
      return { error, free: first!.free, streams, notModified, rollbacks }
    },
    [server.url.replace('127.0.0.1', 'localhost'), server.token(7)],
  )
  expect(told).toEqual({ error: null, free: 39, streams: 1, notModified: 1, rollbacks: 0 })
})

test('measures are in the browser\'s timeline', async () => {
  const page = await open('plain.html', 5)
  await shows(page, '39', 'live')
  const names = await page.evaluate(() => performance.getEntriesByType('measure').map(({ name }) => name))
  expect(names).toEqual(expect.arrayContaining(['martlet:open:availability', 'martlet:frame:availability']))
})

test('React: two components share one stream, arguments are debounced, actions tell how they went, and leaving closes it', async () => {
  const page = await open('react.html', 6)
  const text = (id: string): Promise<string | null> => page.locator(`#${id}`).textContent()
  const stats = (): Promise<{ streams: number }> => page.evaluate(() => (window as unknown as { live: { stats: { streams: number } } }).live.stats)
  await until(async () => expect([await text('one'), await text('two')]).toEqual(['40 live', '40 live']))
  expect((await stats()).streams).toBe(1)
  await page.click('#book')
  await until(async () => expect([await text('one'), await text('action')]).toEqual(['39 live', 'idle ok idle']))
  await page.click('#wrong')
  await until(async () => expect(await text('action')).toBe('idle unknown_room_type idle'))

  const connection = (day: number): Promise<string> =>
    page.evaluate((day) => {
      const { live } = window as unknown as { live: { watch(name: string, args: object): { state: { connection: string } } } }
      return live.watch('availability', { check_in: `2034-05-0${day}`, check_out: '2034-05-10' }).state.connection
    }, day)
  const asked: string[] = []
  page.on('request', (request) => asked.push(request.url() + (request.postData() ?? '')))
  for (let clicks = 0; clicks < 3; clicks++) await page.locator('#day').evaluate((button) => (button as HTMLButtonElement).click())
  await until(async () => expect([await connection(1), await connection(4), await text('one')]).toEqual(['idle', 'live', '39 live']))
  expect(asked.join(), 'days that were passed over').not.toMatch(/2034-05-0[23]/)

  const rendered = (): Promise<number> => page.evaluate(() => (window as unknown as { renders: number }).renders)
  const renders = await rendered()
  await page.waitForTimeout(300)
  expect(await rendered(), 'nothing is drawn again while nothing changes').toBe(renders)

  await page.click('#hide')
  await until(async () => expect(await connection(4)).toBe('idle'))
})
