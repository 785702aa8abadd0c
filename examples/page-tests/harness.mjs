// What the tests of the pages share: the browser, the steps one after another, and the steps that every page must pass.
// CHROMIUM names another browser than the system's.

import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

/** Runs each step on a fresh page; a step's name is its test's. Errors in the console fail it too. */
export async function run(steps) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
  let failed = 0;
  for (const step of steps) {
    const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, locale: 'en-GB', timezoneId: 'UTC' });
    const page = await context.newPage();
    page.setDefaultTimeout(10_000);
    const problems = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    try {
      await step(page);
      const unexpected = problems.filter((text) => !/Failed to load resource/.test(text));
      assert.deepEqual(unexpected, [], 'errors in the console');
      console.log(`ok ${step.name}`);
    } catch (error) {
      failed += 1;
      console.log(`not ok ${step.name}\n${error.stack}\n${problems.join('\n')}`);
    } finally {
      await context.close();
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
