// What the tests of the pages share: the browser, the steps one after another, and the steps that every page must pass.
// CHROMIUM names another browser than the system's; STEP, a part of a step's name, runs those alone.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

const LOCALE = { locale: 'en-GB', timezoneId: 'UTC' };

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
}

/** Runs each step on a fresh page; a step's name is its test's. Errors in the console fail it too. */
export async function run(steps) {
  const browser = await launch();
  let failed = 0;
  for (const step of steps.filter((step) => step.name.includes(process.env.STEP ?? ''))) {
    const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...LOCALE });
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    const problems = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    try {
      await step(page);
      const unexpected = problems.filter((text) => !/Failed to load resource|net::ERR_/.test(text));
      assert.deepEqual(unexpected, [], 'errors in the console');
      console.log(`ok ${step.name}`);
    } catch (error) {
      failed += 1;
      console.log(`not ok ${step.name}\n${error.stack}\n${problems.join('\n')}`);
    } finally {
      await Promise.all(browser.contexts().map((context) => context.close()));
    }
  }
  await browser.close();
  process.exitCode = failed ? 1 : 0;
}

/** The address that the test was started with. */
export function address() {
  const url = process.argv[2];
  assert.ok(url, 'usage: node page.mjs URL');
  return url;
}

/** Another person, with a browser of his own; it ends with the step. */
export async function another(page) {
  const context = await page.context().browser().newContext(LOCALE);
  const other = await context.newPage();
  other.setDefaultTimeout(10_000);
  return other;
}

/** What the page asks from now on, but for what `martlet dev` adds to pages. */
export function requestsOf(page) {
  const asked = [];
  page.on('request', (request) => {
    const path = new URL(request.url()).pathname;
    if (!path.startsWith('/_dev/')) asked.push(`${request.method()} ${path}`);
  });
  return asked;
}

/** Waits until the page says that what it shows is live, or that it is not. */
export async function isLive(page, state = 'live') {
  await page.locator(`#live[data-state="${state}"]`).waitFor();
}

/** Without what `martlet dev` adds to pages: it reloads them when the server is another. */
export async function withoutReload(page) {
  await page.route('**/_dev/**', (route) => route.abort());
}

/** As if another tab had been put before this one, or this one again before the others. */
export async function look(page, isAway) {
  await page.evaluate((isAway) => {
    Object.defineProperty(document, 'hidden', { configurable: true, get: () => isAway });
    document.dispatchEvent(new Event('visibilitychange'));
  }, isAway);
}

/** How many streams the server holds. */
export async function streams() {
  const metrics = await (await fetch(new URL('/metrics', address()))).text();
  return Number(/^martlet_live_streams (\d+)$/m.exec(metrics)?.[1]);
}

/** `stop` or `start`: whoever has started this test does it to the server, and says so by a line. */
export async function server(command) {
  console.log(`server ${command}`);
  const lines = createInterface({ input: process.stdin });
  const { value: answer } = await lines[Symbol.asyncIterator]().next();
  lines.close();
  assert.equal(answer, 'done');
}

/** A user's token that ends so soon; the server was given the same secret. */
export function tokenFor(user, seconds) {
  const part = (claims) => Buffer.from(JSON.stringify(claims)).toString('base64url');
  const exp = Math.ceil(Date.now() / 1000) + seconds;
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: user, role: 'authenticated', exp })}`;
  return `${signed}.${createHmac('sha256', process.env.MARTLET_AUTH_JWT_SECRET).update(signed).digest('base64url')}`;
}

/** Does something a few times; the page must tell of it, and once at least within a second, however busy the machine. */
export async function withinASecond(times, act, seen) {
  const delays = [];
  for (let time = 0; time < times; time += 1) {
    await act(time);
    const begun = Date.now();
    await seen(time);
    delays.push(Date.now() - begun);
  }
  assert.ok(Math.min(...delays) < 1_000, `told after ${delays} ms`);
}

/** Waits until the page's notice has this text. */
export async function shows(page, text) {
  await page.locator('#notice', { hasText: text }).waitFor();
}

/** Waits until an assertion holds: a page shows its news first and what they changed a moment later. */
export async function eventually(assertion) {
  const end = Date.now() + 10_000;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** 360 pixels are enough, in light and in dark; what is touched is large enough for a finger. */
export async function fitsASmallScreenInBothSchemes(page, open, touched) {
  await page.setViewportSize({ width: 360, height: 740 });
  const backgrounds = new Set();
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await open();
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(overflow, 0, `scrolls sideways in ${colorScheme}`);
    backgrounds.add(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
    const controls = await page.locator(touched).all();
    assert.ok(controls.length > 0, `nothing is ${touched}`);
    for (const control of controls) {
      const box = await control.boundingBox();
      assert.ok(box.height >= 44 && box.x + box.width <= 360, 'a control is too small or cut off');
    }
  }
  assert.equal(backgrounds.size, 2, 'light and dark look the same');
}

/** The first Tab reaches the link that skips the top, and every control has a name. */
export async function canBeUsedByKeyboard(page) {
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.className), 'skip');
  await page.keyboard.press('Enter');
  const unnamed = await page.evaluate(() => [...document.querySelectorAll('button, input, select, a')]
    .filter((control) => !(control.labels?.length || control.textContent.trim() || control.getAttribute('aria-label')))
    .map((control) => control.outerHTML));
  assert.deepEqual(unnamed, [], 'controls without a name');
}
