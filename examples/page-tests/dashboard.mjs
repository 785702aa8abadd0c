// The pages of /_/ as people use them. Usage: node dashboard.mjs DEV_URL SERVE_URL SERVICE_KEY
// DEV_URL is the hotel under `martlet dev`; SERVE_URL is an app whose author means ill under `martlet serve`.

import assert from 'node:assert/strict';
import { address, canBeUsedByKeyboard, eventually, fitsASmallScreenInBothSchemes, run } from './harness.mjs';

const url = address();
const [, , , served, key] = process.argv;
/** Of all files of a page together, unpacked. */
const BYTES_MAX = 60_000;
/** On a machine that does other things too; docs/dashboard.md has the figure of a quiet one. */
const PAINT_MAX_MS = 1_000;

await run([
  lists_queries_and_leads_to_them,
  tries_a_query_and_tells_where_the_answer_came_from,
  says_what_is_wrong_where_it_is_wrong,
  asks_before_it_runs_an_action,
  tries_as_somebody_else,
  follows_the_figures_without_a_reload,
  says_that_the_server_is_lost_and_goes_on,
  is_small_and_there_at_once,
  has_a_name_for_everything,
  can_be_read_by_everybody,
  fits_a_small_screen_in_both_schemes,
  can_be_used_by_keyboard,
  wants_the_key_and_keeps_it_in_the_tab,
  writes_whatever_an_author_says_as_text,
]);

/** The console stays empty, failed requests included. */
function watched(page) {
  const problems = [];
  page.on('console', (message) => ['error', 'warning'].includes(message.type()) && problems.push(message.text()));
  return problems;
}

async function open(page, path, at = url) {
  await page.goto(new URL(path, at).href);
  await page.locator('h1').waitFor();
}

async function answered(page, words) {
  await page.locator('#state', { hasText: words }).waitFor();
}

async function lists_queries_and_leads_to_them(page) {
  const problems = watched(page);
  await open(page, '/_/');
  assert.deepEqual(await page.locator('#queries').textContent(), 'Queries 4');
  assert.deepEqual(await page.locator('.name').allTextContents(), [
    'availability', 'my_bookings', 'report', 'room_types', 'book_room', 'cancel_booking', 'pay_booking',
  ]);
  await page.getByRole('link', { name: 'availability' }).click();
  await page.getByRole('heading', { level: 1, name: 'availability' }).waitFor();
  await page.getByRole('link', { name: 'Performance' }).click();
  await page.getByRole('heading', { level: 1, name: 'Performance' }).waitFor();
  assert.deepEqual(problems, []);
}

async function tries_a_query_and_tells_where_the_answer_came_from(page) {
  const problems = watched(page);
  await open(page, '/_/try/availability');
  await page.getByLabel('check_in').fill('2029-05-01');
  await page.getByLabel('check_out').fill('2029-05-04');
  await page.getByRole('button', { name: 'Run the query' }).click();
  await answered(page, /Answered, 200, from the database, .* in the server/);
  await page.getByRole('button', { name: 'Run the query' }).click();
  await answered(page, /from memory/);
  const rows = JSON.parse(await page.locator('#body').textContent());
  assert.ok(rows.length > 0 && rows[0].free > 0);
  assert.match(await page.locator('#told').textContent(), /check_in=2029-05-01.*Rows40/);
  const how = await page.locator('.statement').textContent();
  assert.match(how, /bookings where status = 'confirmed'/, 'what the answer rests on');
  assert.match(how, /bookings: proven: a closed search in index/, 'the proof');
  assert.match(how, /SEARCH b USING COVERING INDEX/, 'the plan');
  assert.deepEqual(problems, []);
}

async function says_what_is_wrong_where_it_is_wrong(page) {
  await open(page, '/_/try/availability');
  await page.getByLabel('check_in').fill('2029-05-04');
  await page.getByLabel('check_out').fill('2029-05-01');
  await page.keyboard.press('Enter');
  await answered(page, 'Refused, 400');
  assert.match(await page.locator('#e-check_out').textContent(), /check_out/);
  assert.equal(await page.getByLabel('check_out').getAttribute('aria-invalid'), 'true');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'p-check_out');
  await page.getByLabel('check_out').fill('2029-05-06');
  await page.keyboard.press('Enter');
  await answered(page, 'Answered, 200');
  assert.equal(await page.locator('[aria-invalid]').count(), 0);
}

async function asks_before_it_runs_an_action(page) {
  const problems = watched(page);
  const calls = [];
  page.on('request', (request) => request.url().includes('/rpc/') && calls.push(request.method()));
  await open(page, '/_/try/book_room');
  await page.getByLabel('room_type_id').fill('1');
  await page.getByLabel('check_in').fill('2029-06-01');
  await page.getByLabel('check_out').fill('2029-06-02');
  const runIt = page.getByRole('button', { name: 'Run the action…' });
  await runIt.click();
  assert.equal(await page.evaluate(() => document.activeElement.textContent), 'Do not', 'Enter does no harm');
  await page.keyboard.press('Escape');
  await runIt.click();
  await page.getByRole('button', { name: 'Do not' }).click();
  assert.deepEqual(calls, []);
  await runIt.click();
  await page.getByRole('button', { name: 'Run it', exact: true }).click();
  await answered(page, 'Answered, 200');
  assert.deepEqual(calls, ['POST']);
  assert.match(await page.locator('#body').textContent(), /"check_in": "2029-06-01"/);
  assert.deepEqual(problems, []);
}

async function tries_as_somebody_else(page) {
  await open(page, '/_/try/report');
  await page.getByLabel('Who calls').selectOption('nobody');
  await page.getByRole('button', { name: 'Run the query' }).click();
  await answered(page, 'Refused, 401');
  await page.getByLabel('Who calls').selectOption('service');
  await page.getByRole('button', { name: 'Run the query' }).click();
  await answered(page, 'Answered, 200');
  await page.getByLabel('Who calls').selectOption('token');
  await page.getByLabel('Token').fill('nonsense');
  await page.getByRole('button', { name: 'Run the query' }).click();
  await answered(page, 'Refused, 401');
}

async function follows_the_figures_without_a_reload(page) {
  const problems = watched(page);
  await open(page, '/_/performance');
  await page.locator('#live', { hasText: 'Live' }).waitFor();
  const stay = `/rest/v1/rpc/availability?check_in=2029-07-01&check_out=2029-07-${10 + Math.floor(Math.random() * 18)}`;
  const calls = () => page.locator('#s-plans tr', { hasText: 'availability' }).locator('td').first().textContent();
  await page.evaluate((path) => Promise.all([1, 2, 3].map(() => fetch(path))), stay);
  await page.locator('#s-plans tr', { hasText: 'availability' }).waitFor();
  const before = Number((await calls()).replaceAll(',', ''));
  await page.evaluate((path) => Promise.all([1, 2, 3].map(() => fetch(path))), stay);
  await eventually(async () => assert.ok(Number((await calls()).replaceAll(',', '')) >= before + 3));
  // The first point of the last hour comes after ten seconds.
  await page.locator('#c-requests svg').waitFor({ timeout: 30_000 });
  await page.locator('#c-requests').locator('..').locator('summary').click();
  await page.locator('#t-requests tbody tr').first().waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.locator('#live', { hasText: 'Paused' }).waitFor();
  const paused = await calls();
  await page.evaluate((path) => fetch(path), stay);
  await page.waitForTimeout(2_500);
  assert.equal(await calls(), paused);
  await page.getByRole('button', { name: 'Go on' }).click();
  await eventually(async () => assert.notEqual(await calls(), paused));
  assert.equal(await page.locator('details[open]').count(), 1, 'what was opened stays open');
  assert.deepEqual(problems, []);
}

async function says_that_the_server_is_lost_and_goes_on(page) {
  await open(page, '/_/performance');
  await page.locator('#live', { hasText: 'Live' }).waitFor();
  await page.context().setOffline(true);
  // A stream that is open is not cut by this: the next one is.
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.locator('#live', { hasText: 'Lost' }).waitFor();
  await page.context().setOffline(false);
  await page.locator('#live', { hasText: 'Live' }).waitFor();
}

async function is_small_and_there_at_once(page) {
  await open(page, '/_/performance');
  const sizes = await page.evaluate(() => [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    .map((entry) => [entry.name, entry.decodedBodySize]));
  const paints = [];
  for (let round = 0; round < 5; round += 1) {
    await open(page, '/_/performance');
    paints.push(await page.evaluate(() => performance.getEntriesByName('first-paint')[0].startTime));
  }
  // The stream is no file; a picture that stands twice is loaded once.
  const files = new Map(sizes.filter(([, size]) => size > 0));
  const bytes = [...files.values()].reduce((sum, size) => sum + size, 0);
  const median = paints.sort((a, b) => a - b)[2];
  console.log(`# ${files.size} files, ${bytes} bytes, first paint ${Math.round(median)} ms (${paints.map(Math.round)})`);
  assert.ok(files.size === 4 && bytes < BYTES_MAX, JSON.stringify(sizes));
  assert.ok(median < PAINT_MAX_MS, String(paints));
}

/** What a reader of the screen needs, on every page. */
async function has_a_name_for_everything(page) {
  for (const path of ['/_/', '/_/try/book_room', '/_/performance']) {
    await open(page, path);
    const faults = await page.evaluate(() => {
      const all = (selector) => [...document.querySelectorAll(selector)];
      const told = (list) => list.map((element) => element.outerHTML.slice(0, 120));
      const named = (element) => element.getAttribute('aria-label') || element.getAttribute('aria-labelledby');
      const levels = all('h1,h2,h3,h4').map((heading) => Number(heading.tagName[1]));
      return {
        language: document.documentElement.lang === 'en' ? [] : ['no language'],
        title: document.title ? [] : ['no title'],
        landmarks: ['header', 'nav', 'main'].filter((name) => all(name).length !== 1),
        heading: levels.filter((level) => level === 1).length === 1 ? [] : ['not one h1'],
        skipped: levels.filter((level, index) => index > 0 && level > levels[index - 1] + 1 && level < 4),
        sections: told(all('section').filter((section) => !named(section))),
        inputs: told(all('input,select,textarea').filter((input) => !input.labels.length && !named(input))),
        buttons: told(all('button,a,summary').filter((button) => !button.textContent.trim() && !named(button))),
        pictures: told(all('img:not([alt]), svg:not([role="img"][aria-label])')),
        tables: told(all('table').filter((table) => !table.querySelector('th[scope="col"]') || !table.querySelector('th[scope="row"]'))),
        regions: told(all('[tabindex="0"]').filter((region) => !named(region))),
        ids: all('[id]').map((element) => element.id).filter((id, index, ids) => ids.indexOf(id) !== index),
        references: all('[aria-labelledby],[aria-describedby],label[for]').flatMap((element) =>
          (element.getAttribute('aria-labelledby') ?? element.getAttribute('aria-describedby') ?? element.htmlFor).split(' ')
            .filter((id) => !document.getElementById(id))),
      };
    });
    for (const [what, found] of Object.entries(faults)) assert.deepEqual(found, [], `${path}: ${what}`);
  }
}

/** Every text stands out from what is behind it by 4.5 to 1 (WCAG 2.2, AA), in light and in dark. */
async function can_be_read_by_everybody(page) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const path of ['/_/', '/_/try/book_room', '/_/performance']) {
      await open(page, path);
      const faint = await page.evaluate(() => {
        const parsed = (color) => color.match(/[\d.]+/g).map(Number);
        const luminance = ([red, green, blue]) => {
          const [r, g, b] = [red, green, blue].map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
          return 0.2126 * r + 0.7152 * g + 0.0722 * b;
        };
        const behind = (element) => {
          for (let at = element; at; at = at.parentElement) {
            const color = parsed(getComputedStyle(at).backgroundColor);
            if (color.length === 3 || color[3] === 1) return color;
          }
          return [255, 255, 255];
        };
        const texts = [...document.querySelectorAll('body *')].filter((element) => element.checkVisibility()
          && [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()));
        return texts.map((element) => {
          const [one, other] = [parsed(getComputedStyle(element).color), behind(element)].map(luminance).sort((a, b) => b - a);
          return [element.textContent.trim().slice(0, 30), Math.round(((one + 0.05) / (other + 0.05)) * 10) / 10];
        }).filter(([, ratio]) => ratio < 4.5);
      });
      assert.deepEqual(faint, [], `${path} in ${colorScheme}`);
    }
  }
}

async function fits_a_small_screen_in_both_schemes(page) {
  await fitsASmallScreenInBothSchemes(page, () => open(page, '/_/'), '.top nav a');
  await fitsASmallScreenInBothSchemes(page, () => open(page, '/_/try/book_room'), 'form button:visible, form input:visible, form select:visible');
  await fitsASmallScreenInBothSchemes(page, () => open(page, '/_/performance'), '.top nav a, #pause');
}

async function can_be_used_by_keyboard(page) {
  for (const path of ['/_/', '/_/try/book_room', '/_/performance']) {
    await open(page, path);
    await canBeUsedByKeyboard(page);
  }
}

async function wants_the_key_and_keeps_it_in_the_tab(page) {
  const problems = watched(page);
  await open(page, '/_/performance', served);
  await page.getByLabel('Service key').waitFor();
  assert.doesNotMatch(await page.content(), /evil/, 'nothing of the app before the key');
  assert.deepEqual(problems, []);
  await page.getByLabel('Service key').fill('nonsense');
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByRole('alert').filter({ hasText: /./ }).waitFor();
  problems.length = 0;
  await page.getByLabel('Service key').fill(key);
  await page.getByRole('button', { name: 'Open' }).click();
  await page.locator('#live', { hasText: 'Live' }).waitFor();
  await page.getByRole('link', { name: 'Queries' }).click();
  await page.locator('.name').first().waitFor();
  await page.reload();
  await page.locator('.name').first().waitFor();
  await page.getByRole('link', { name: 'evil', exact: true }).click();
  await page.getByLabel('Who calls').selectOption('service');
  await page.getByRole('button', { name: 'Run the query' }).click();
  await answered(page, 'Answered, 200');
  assert.deepEqual(problems, [], 'nothing in the console with a key');
  const left = await page.evaluate(() => [location.href, document.cookie, JSON.stringify(localStorage), document.documentElement.outerHTML]);
  for (const place of left) assert.ok(!place.includes(key), place.slice(0, 200));
  const other = await page.context().newPage();
  await other.goto(new URL('/_/', served).href);
  await other.getByLabel('Service key').waitFor();
  await other.close();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Service key').waitFor();
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
}

async function writes_whatever_an_author_says_as_text(page) {
  const problems = watched(page);
  await page.addInitScript((value) => sessionStorage.setItem('martlet.service-key', value), key);
  for (const path of ['/_/', '/_/performance', '/_/try/evil', '/_/try/evil_action']) {
    await page.goto(new URL(path, served).href);
    await page.locator('.top').waitFor();
    if (path.includes('/try/evil')) {
      assert.match(await page.locator('.lead').first().textContent(), /<script>hacked = 1<\/script>/);
    }
  }
  await page.goto(new URL('/_/try/evil', served).href);
  await page.locator('.top').waitFor();
  assert.match(await page.getByLabel('word').getAttribute('placeholder'), /<img src=x onerror=hacked=1>/);
  await page.getByRole('button', { name: 'Run the query' }).click();
  await answered(page, 'Answered, 200');
  assert.match(await page.locator('#body').textContent(), /<img src=x onerror=hacked=1>/);
  await page.goto(new URL('/_/performance', served).href);
  await page.locator('#live', { hasText: 'Live' }).waitFor();
  assert.equal(await page.evaluate(() => window.hacked), undefined);
  assert.equal(await page.locator('main script, main img[src="x"]').count(), 0);
  assert.deepEqual(problems, []);
}
