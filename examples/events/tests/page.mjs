// Clicks through the page as people would, two of them at once. Usage: node page.mjs URL (`martlet dev` prints it).

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  address, another, canBeUsedByKeyboard, eventually, fitsASmallScreenInBothSchemes, isLive, look, requestsOf, run, server,
  shows, streams, withinASecond, withoutReload,
} from '../../page-tests/harness.mjs';

const url = address();
const origin = new URL(url).origin;
/** Event 1 of seed.sql. */
const seeded = createHash('md5').update('event-1').digest('hex');

await run([
  makes_joins_and_marks,
  makes_one_event_when_the_answer_is_lost,
  sees_what_others_mark,
  follows_what_others_mark,
  follows_its_own_guest_in_another_tab,
  keeps_clicks_while_others_mark,
  holds_no_stream_in_the_background,
  one_stream_carries_each_of_fifty,
  comes_back_after_the_server_has,
  says_where_an_answer_came_from,
  keeps_the_guest_over_a_reload,
  lists_the_events_of_who_is_signed_in,
  shows_what_the_server_refuses,
  shows_a_link_that_leads_nowhere,
  shows_a_lost_server_and_goes_on,
  joins_anew_when_a_session_has_ended,
  writes_names_as_text,
  saves_many_clicks_at_once,
  fits_a_small_screen_in_both_schemes,
  can_be_used_by_keyboard,
  goes_through_the_blocks_by_arrows,
]);

async function open(page, token = seeded) {
  await page.goto(`${origin}/?token=${token}`);
  await page.locator('.block').first().waitFor();
}

/** Makes an event through the form and returns its token. */
async function make(page, title, blocks = 4) {
  await page.goto(`${origin}/`);
  await page.getByLabel('What is it?').fill(title);
  await page.getByLabel('Day', { exact: true }).fill('2029-03-01');
  await page.getByLabel('From', { exact: true }).fill('09:00');
  await page.getByLabel('Blocks', { exact: true }).fill(String(blocks));
  await page.getByRole('button', { name: 'Make the event' }).click();
  await page.waitForURL(/token=/);
  await page.locator('.block').first().waitFor();
  return new URL(page.url()).searchParams.get('token');
}

async function join(page, name) {
  await page.getByLabel('Your name').fill(name);
  await page.getByRole('button', { name: 'Join the event' }).click();
  await page.locator('.people .me', { hasText: name }).waitFor();
}

/** Clicks a block and waits until the mark is on the server. */
async function mark(page, index) {
  await Promise.all([
    page.waitForResponse((response) => response.url().endsWith('/rpc/mark_availability') && response.ok()),
    page.locator('.block').nth(index).click(),
  ]);
  await page.locator('#state', { hasText: /saved|Nothing/ }).waitFor();
}

async function counts(page) {
  return page.locator('.block .count').allTextContents();
}

/** Waits until the blocks have these counts. */
async function saysCounts(page, expected) {
  await eventually(async () => assert.deepEqual(await counts(page), expected));
}

async function makes_joins_and_marks(page) {
  const token = await make(page, 'Team lunch');
  assert.match(token, /^[0-9a-f]{32}$/);
  assert.equal(await page.locator('#title').textContent(), 'Team lunch');
  assert.match(await page.locator('.day h3').textContent(), /Thursday,? 1 March 2029/);
  assert.deepEqual(await counts(page), ['0 of 0', '0 of 0', '0 of 0', '0 of 0']);
  assert.ok(await page.locator('.block').first().isDisabled(), 'marking before joining');

  await join(page, 'Ana');
  await mark(page, 0);
  await mark(page, 2);
  assert.deepEqual(await counts(page), ['1 of 1', '0 of 1', '1 of 1', '0 of 1']);
  assert.equal(await page.locator('#state').textContent(), '2 times marked, saved');
  assert.match(await page.locator('#best').textContent(), /^Best so far, for 1 of 1: Thu.* 09:00 – 09:30; Thu.* 10:00 – 10:30$/);
  await mark(page, 0);
  assert.deepEqual(await counts(page), ['0 of 1', '0 of 1', '1 of 1', '0 of 1']);
  assert.match(await page.locator('#best').textContent(), /^Best so far, for 1 of 1: Thu[^;]* 10:00 – 10:30$/);
}

/** The first answer never comes: the page asks again with the same key and gets the event that was made. */
async function makes_one_event_when_the_answer_is_lost(page) {
  const calls = [];
  await page.route('**/rpc/create_event', async (route) => {
    const response = await route.fetch();
    calls.push({ key: route.request().headers()['idempotency-key'], made: await response.json() });
    if (calls.length === 1) await route.abort();
    else await route.fulfill({ response });
  });
  const token = await make(page, 'Made once');
  await page.unroute('**/rpc/create_event');
  assert.equal(calls.length, 2);
  assert.ok(calls[0].key.length > 0);
  assert.deepEqual(calls[1], calls[0]);
  assert.equal(token, calls[0].made.token);
}

async function sees_what_others_mark(page) {
  const token = await make(page, 'Rehearsal');
  await join(page, 'Ana');
  await mark(page, 1);
  const other = await another(page);
  await open(other, token);
  assert.deepEqual(await counts(other), ['0 of 1', '1 of 1', '0 of 1', '0 of 1']);
  await join(other, 'Ben');
  await mark(other, 1);
  await mark(other, 3);
  await saysCounts(page, ['0 of 2', '2 of 2', '0 of 2', '1 of 2']);
  assert.deepEqual(await page.locator('.people li').allTextContents(), ['Ana (you)', 'Ben']);
}

async function follows_what_others_mark(page) {
  const token = await make(page, 'Concert');
  await join(page, 'Ana');
  await isLive(page);
  // Who only looks follows, too.
  const [other, onlooker] = [await another(page), await another(page)];
  for (const each of [other, onlooker]) await open(each, token);
  await join(other, 'Ben');
  for (const each of [page, other, onlooker]) {
    await isLive(each);
    await saysCounts(each, ['0 of 2', '0 of 2', '0 of 2', '0 of 2']);
  }
  const asked = [requestsOf(page), requestsOf(onlooker)];
  await withinASecond(3, (time) => mark(other, time),
    async (time) => {
      const expected = [0, 1, 2, 3].map((block) => `${Number(block <= time)} of 2`);
      for (const each of [page, onlooker]) await saysCounts(each, expected);
    });
  assert.deepEqual(asked.flat(), [], 'nothing is asked: no reload, no poll');
  assert.match(await page.locator('#from').textContent(), /told by the server/);
  // A mark of one's own meets one of another's: both count.
  await Promise.all([mark(page, 0), mark(other, 3)]);
  for (const each of [page, other, onlooker]) await saysCounts(each, ['2 of 2', '1 of 2', '1 of 2', '1 of 2']);
}

/** The same guest in two tabs: what is clicked in one is pressed in the other. */
async function follows_its_own_guest_in_another_tab(page) {
  const token = await make(page, 'Two tabs');
  await join(page, 'Ana');
  const tab = await page.context().newPage();
  await open(tab, token);
  await isLive(tab);
  await mark(page, 2);
  await tab.locator('.block[aria-pressed="true"]').waitFor();
  await saysCounts(tab, ['0 of 1', '0 of 1', '1 of 1', '0 of 1']);
  await mark(tab, 2);
  await saysCounts(page, ['0 of 1', '0 of 1', '0 of 1', '0 of 1']);
  assert.equal(await page.locator('.block[aria-pressed="true"]').count(), 0);
}

/** Marks of others come while one's own are not saved yet: neither is lost, and no count is wrong. */
async function keeps_clicks_while_others_mark(page) {
  const token = await make(page, 'Crowd');
  await join(page, 'Ana');
  const other = await another(page);
  await open(other, token);
  await join(other, 'Ben');
  await saysCounts(page, ['0 of 2', '0 of 2', '0 of 2', '0 of 2']);
  await isLive(page);
  let release;
  await page.route('**/rpc/mark_availability', async (route) => {
    await new Promise((resolve) => { release = resolve; });
    await route.continue();
  }, { times: 1 });
  await page.locator('.block').nth(0).click();
  await eventually(() => assert.ok(release));
  await mark(other, 1);
  await saysCounts(page, ['1 of 2', '1 of 2', '0 of 2', '0 of 2']);
  release();
  for (const each of [page, other]) await saysCounts(each, ['1 of 2', '1 of 2', '0 of 2', '0 of 2']);
}

async function holds_no_stream_in_the_background(page) {
  const token = await make(page, 'Away');
  await join(page, 'Ana');
  const other = await another(page);
  await open(other, token);
  for (const each of [page, other]) await isLive(each);
  await eventually(async () => assert.equal(await streams(), 2));
  await look(other, true);
  await eventually(async () => assert.equal(await streams(), 1));
  const asked = requestsOf(other);
  for (const block of [0, 1, 2, 3, 0]) await mark(page, block);
  assert.deepEqual(await counts(other), ['0 of 1', '0 of 1', '0 of 1', '0 of 1']);
  assert.deepEqual(asked, []);
  await look(other, false);
  await saysCounts(other, ['0 of 1', '1 of 1', '1 of 1', '1 of 1']);
  assert.deepEqual(asked, [`GET /api/events/${token}`], 'one stream, no more');
}

/** Fifty of one event, each with one stream: what one marks, all see. */
async function one_stream_carries_each_of_fifty(page) {
  const token = await make(page, 'Fifty');
  await join(page, 'Ana');
  await isLive(page);
  const act = async (name, args) => (await fetch(`${origin}/rest/v1/rpc/${name}`, {
    method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(args),
  })).json();
  const keys = [];
  for (let guest = 1; guest < 50; guest += 1) keys.push((await act('join_event', { token, name: `Guest ${guest}` })).session_key);
  await page.locator('#people-count', { hasText: '50 people' }).waitFor();
  const asked = requestsOf(page);
  const [block] = await page.locator('.block').evaluateAll((blocks) => blocks.map((block) => Number(block.dataset.block)));
  await Promise.all(keys.map((session_key) => act('mark_availability', { session_key, block_ids: [block] })));
  await saysCounts(page, ['49 of 50', '0 of 50', '0 of 50', '0 of 50']);
  await mark(page, 0);
  await saysCounts(page, ['50 of 50', '0 of 50', '0 of 50', '0 of 50']);
  assert.deepEqual(asked, ['POST /rest/v1/rpc/mark_availability']);
  assert.equal(await streams(), 1);
}

async function comes_back_after_the_server_has(page) {
  const token = await make(page, 'Restart');
  await join(page, 'Ana');
  const other = await another(page);
  await open(other, token);
  for (const each of [page, other]) {
    await isLive(each);
    await withoutReload(each);
    await each.evaluate(() => { window.isSamePage = true; });
  }
  await server('stop');
  for (const each of [page, other]) await isLive(each, 'away');
  // What is clicked meanwhile is kept, and saved when the server is there again.
  await page.locator('.block').nth(2).click();
  await shows(page, 'cannot be reached');
  assert.match(await page.locator('#state').textContent(), /Not saved yet/);
  await server('start');
  for (const each of [page, other]) await each.locator('#live[data-state="live"]').waitFor({ timeout: 30_000 });
  await page.locator('#state', { hasText: '1 time marked, saved' }).waitFor({ timeout: 30_000 });
  await page.locator('#notice').waitFor({ state: 'hidden' });
  for (const each of [page, other]) {
    await saysCounts(each, ['0 of 1', '0 of 1', '1 of 1', '0 of 1']);
    assert.ok(await each.evaluate(() => window.isSamePage), 'it was reloaded');
  }
}

async function says_where_an_answer_came_from(page) {
  const token = await make(page, 'Whence');
  await page.locator('#from', { hasText: /^Answered from (memory|the database): [\d.]+ ms in the server, [\d.]+ ms in all$/ }).waitFor();
  await open(page, token);
  await page.locator('#from', { hasText: /^Answered from memory/ }).waitFor();
}

async function keeps_the_guest_over_a_reload(page) {
  await make(page, 'Picnic');
  await join(page, 'Ana');
  await mark(page, 1);
  await page.reload();
  await page.locator('.people .me').waitFor();
  assert.equal(await page.locator('.block[aria-pressed="true"]').count(), 1);
  assert.ok(await page.locator('#joining').isHidden());
  await page.goto(`${origin}/`);
  await page.getByRole('link', { name: 'Picnic' }).click();
  await page.locator('.people .me', { hasText: 'Ana' }).waitFor();
}

async function lists_the_events_of_who_is_signed_in(page) {
  await page.goto(url);
  await page.getByRole('link', { name: 'Event 1', exact: true }).click();
  await page.locator('.block').first().waitFor();
  assert.doesNotMatch(page.url(), /access_token/);
  assert.equal(await page.locator('.block').count(), 20);
  assert.equal(await page.locator('.people li').count() >= 10, true);
}

async function shows_what_the_server_refuses(page) {
  await page.goto(`${origin}/`);
  await page.getByLabel('Blocks', { exact: true }).fill('500');
  await page.getByRole('button', { name: 'Make the event' }).click();
  await shows(page, '`title`');
  assert.equal(await page.locator('#notice li').count(), 2, 'both mistakes are told');
  assert.equal(await page.locator('#notice').getAttribute('role'), 'alert');
  await open(page);
  await page.getByRole('button', { name: 'Join the event' }).click();
  await shows(page, '`name` must have between 1 and 100 characters');
}

async function shows_a_link_that_leads_nowhere(page) {
  for (const token of ['00000000000000000000000000000000', 'half', '']) {
    await page.goto(`${origin}/?token=${token}`);
    await shows(page, 'There is no such event');
    assert.ok(await page.locator('#event').isHidden());
  }
}

async function shows_a_lost_server_and_goes_on(page) {
  await make(page, 'Storm');
  await join(page, 'Ana');
  await page.route(/\/(rpc|api)\//, (route) => route.abort());
  await page.locator('.block').first().click();
  await shows(page, 'cannot be reached');
  await page.unroute(/\/(rpc|api)\//);
  // The mark is still there, and saved as soon as it can be.
  await page.locator('#state', { hasText: '1 time marked, saved' }).waitFor();
  await page.locator('#notice').waitFor({ state: 'hidden' });
  await mark(page, 1);
  await saysCounts(page, ['1 of 1', '1 of 1', '0 of 1', '0 of 1']);
}

async function joins_anew_when_a_session_has_ended(page) {
  const token = await make(page, 'Later');
  await page.evaluate((token) => localStorage.setItem(`key:${token}`, '0'.repeat(32)), token);
  await page.reload();
  await page.locator('#joining').waitFor();
  await join(page, 'Ana');
  // The session ends while the page is open.
  await page.route('**/rpc/mark_availability', (route) => route.fulfill({
    status: 401,
    contentType: 'application/json',
    body: JSON.stringify({ code: 'unknown_session', message: 'This session is not known or has ended: join the event again.', details: null, hint: null }),
  }));
  await page.locator('.block').first().click();
  await shows(page, 'join the event again');
  await page.locator('#joining').waitFor();
  assert.equal(await page.evaluate((token) => localStorage.getItem(`key:${token}`), token), null);
}

async function writes_names_as_text(page) {
  const text = '<img src=x onerror="document.title=1"><b>x</b>';
  await make(page, text);
  await join(page, text);
  assert.equal(await page.locator('#title').textContent(), text);
  assert.equal(await page.locator('.people .me').textContent(), `${text} (you)`);
  assert.equal(await page.title(), text);
}

async function saves_many_clicks_at_once(page) {
  await make(page, 'Hurry', 20);
  await join(page, 'Ana');
  let calls = 0;
  page.on('request', (request) => { calls += request.url().endsWith('/rpc/mark_availability') ? 1 : 0; });
  await page.evaluate(() => document.querySelectorAll('.block').forEach((block) => block.click()));
  await page.locator('#state', { hasText: '20 times marked, saved' }).waitFor();
  assert.equal(calls, 1);
  assert.deepEqual([...new Set(await counts(page))], ['1 of 1']);
}

async function fits_a_small_screen_in_both_schemes(page) {
  await fitsASmallScreenInBothSchemes(page, () => open(page), '#event button:visible, #event input:visible');
  await fitsASmallScreenInBothSchemes(page, () => page.goto(`${origin}/`), '#create button, #create input, #create select');
  const long = 'Donaudampfschifffahrtsgesellschaftskapitän'.repeat(4);
  await make(page, long);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(overflow, 0, 'a long title scrolls sideways');
}

async function can_be_used_by_keyboard(page) {
  await open(page);
  await canBeUsedByKeyboard(page);
}

async function goes_through_the_blocks_by_arrows(page) {
  await make(page, 'Keys');
  await page.getByLabel('Your name').focus();
  await page.keyboard.type('Ana');
  await page.keyboard.press('Enter');
  await page.locator('.people .me').waitFor();
  const focused = () => page.evaluate(() => [...document.querySelectorAll('.block')].indexOf(document.activeElement));
  assert.equal(await focused(), 0, 'joining leads to the blocks');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  assert.equal(await focused(), 2);
  const saved = page.waitForResponse((response) => response.url().endsWith('/rpc/mark_availability'));
  await page.keyboard.press('Space');
  await saved;
  await page.locator('#state', { hasText: '1 time marked, saved' }).waitFor();
  assert.equal(await focused(), 2, 'saving takes the focus away');
  await page.keyboard.press('End');
  assert.equal(await focused(), 3);
  await page.keyboard.press('Home');
  assert.equal(await focused(), 0);
}
