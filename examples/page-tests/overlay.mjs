// What `martlet dev` adds to pages: a panel with the reason while the folder cannot be loaded, and a reload after a
// change. Usage: node overlay.mjs URL FOLDER (an app with `queries/notes.sql` and `public/index.html`).

import assert from 'node:assert/strict';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { address, run } from './harness.mjs';

const url = address();
const folder = process.argv[3];
const good = readFileSync(join(folder, 'queries/notes.sql'), 'utf8');

/** As an editor saves: into another file, then over it. */
function save(path, text) {
  const swap = join(folder, '.swap');
  writeFileSync(swap, text);
  renameSync(swap, join(folder, path));
}

await run([shows_why_the_app_is_not_loaded, writes_the_reason_as_text, reloads_after_a_change]);

function panel(page) {
  return page.getByRole('alert');
}

async function shows_why_the_app_is_not_loaded(page) {
  await page.goto(url);
  await page.evaluate(() => { window.isSamePage = true; });
  assert.equal(await panel(page).count(), 0);
  save('queries/notes.sql', '-- @allow anyone\nselect nothing from notes\n');
  await panel(page).filter({ hasText: 'queries/notes.sql' }).waitFor();
  assert.match(await panel(page).textContent(), /nothing/);
  const box = await panel(page).boundingBox();
  assert.ok(box.width > 1000 && box.height > 20 && box.y + box.height <= 901, JSON.stringify(box));
  assert.equal(await page.evaluate(() => window.isSamePage), true, 'a page is not reloaded into a broken app');
  save('queries/notes.sql', good);
  await panel(page).waitFor({ state: 'detached' });
}

async function writes_the_reason_as_text(page) {
  await page.goto(url);
  save('queries/notes.sql', '-- @allow anyone\nselect "<img src=x onerror=alert(1)>" from notes\n');
  await panel(page).filter({ hasText: '<img src=x' }).waitFor();
  assert.equal(await panel(page).locator('img').count(), 0);
  // A page that is opened meanwhile shows it too.
  await page.goto(url);
  await panel(page).filter({ hasText: 'queries/notes.sql' }).waitFor();
  save('queries/notes.sql', good);
  await panel(page).waitFor({ state: 'detached' });
}

async function reloads_after_a_change(page) {
  await page.goto(url);
  await page.waitForResponse((response) => response.url().endsWith('/_dev/status'));
  save('public/index.html', '<!doctype html><html lang="en"><title>Changed</title><p>changed</p></html>\n');
  await page.getByText('changed').waitFor();
  assert.equal(await page.title(), 'Changed');
  save('queries/notes.sql', good.replace('limit', '  limit'));
  await page.waitForEvent('load');
}
