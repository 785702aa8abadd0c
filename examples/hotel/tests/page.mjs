// Clicks through the page as a guest would. Usage: node page.mjs URL, where URL carries a user's token
// (`martlet dev` prints one).

import assert from 'node:assert/strict';
import {
  address, another, canBeUsedByKeyboard, eventually, fitsASmallScreenInBothSchemes, isLive, look, requestsOf, run, server,
  shows, streams, tokenFor, withinASecond, withoutReload,
} from '../../page-tests/harness.mjs';

const url = address();

await run([
  searches_books_pays_and_cancels,
  pays_cash_on_arrival,
  shows_what_the_server_refuses,
  shows_a_lost_server,
  shows_the_newest_search,
  shows_that_the_last_room_is_gone,
  follows_what_others_book,
  follows_without_a_token_too,
  holds_no_stream_in_the_background,
  many_tabs_of_one_browser_are_live,
  comes_back_after_the_server_has,
  comes_back_after_the_network_has,
  is_told_when_its_token_ends,
  says_where_an_answer_came_from,
  keeps_the_focus_while_numbers_change,
  loads_more_bookings_and_keeps_them,
  looks_around_without_a_token,
  refuses_a_bad_token,
  fits_a_small_screen_in_both_schemes,
  can_be_used_by_keyboard,
]);

async function open(page, address = url) {
  await page.goto(address);
  await page.locator('.room').first().waitFor();
}

/** Searches a stay far from the seed's other bookings, so that the numbers are this test's own. */
async function search(page, checkIn, checkOut) {
  await page.getByLabel('Arrival', { exact: true }).fill(checkIn);
  await page.getByLabel('Departure', { exact: true }).fill(checkOut);
  await Promise.all([
    page.waitForResponse((response) => response.url().includes('/rpc/availability') && response.url().includes(checkIn)),
    page.getByRole('button', { name: 'Search' }).click(),
  ]);
}

function room(page, id) {
  return page.locator(`.room[data-room-type="${id}"]`);
}

async function free(page, id) {
  return Number.parseInt(await room(page, id).locator('.tag').textContent(), 10);
}

/** Waits until a booking's row has this text. */
async function says(row, text) {
  await row.filter({ hasText: text }).waitFor();
}

/** Books a room and returns its row among the guest's bookings. */
async function book(page, id) {
  const [response] = await Promise.all([
    page.waitForResponse((response) => response.url().endsWith('/rpc/book_room')),
    room(page, id).getByRole('button', { name: 'Book' }).click(),
  ]);
  const booking = await response.json();
  await shows(page, 'Booked:');
  return page.locator(`.booking[data-booking="${booking.id}"]`);
}

async function searches_books_pays_and_cancels(page) {
  await open(page);
  assert.doesNotMatch(page.url(), /token/, 'the token stays in the address bar');
  assert.match(await page.locator('#who').textContent(), /Signed in/);
  await search(page, '2029-03-01', '2029-03-04');
  assert.match(await page.locator('#stay').textContent(), /3 nights/);
  const before = await free(page, 7);

  const row = await book(page, 7);
  await eventually(async () => assert.equal(await free(page, 7), before - 1));
  await says(row, /Room type 7.*3 nights.*confirmed.*not paid/s);

  await row.getByRole('button', { name: 'Pay by card' }).click();
  await shows(page, 'Paid:');
  await says(row, /confirmed\s*paid/);
  assert.equal(await row.getByRole('button', { name: 'Pay' }).count(), 0);

  await row.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Keep it' }).click();
  assert.match(await row.textContent(), /confirmed/);
  await row.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel the booking' }).click();
  await shows(page, 'Cancelled:');
  await says(row, /cancelled.*refunded/s);
  await eventually(async () => assert.equal(await free(page, 7), before));
}

async function pays_cash_on_arrival(page) {
  await open(page);
  await search(page, '2029-04-01', '2029-04-02');
  const row = await book(page, 8);
  await row.getByRole('button', { name: 'Pay cash on arrival' }).click();
  await shows(page, 'in cash at the desk');
  await says(row, /cash on arrival/);
  await page.reload();
  await page.locator('.booking').first().waitFor();
  assert.match(await row.textContent(), /cash on arrival/, 'a reload shows the same');
}

async function shows_what_the_server_refuses(page) {
  await open(page);
  // The form's own bounds do not stop a person who types: the server's answer is shown.
  await search(page, '2029-05-10', '2029-05-10');
  await shows(page, 'check_out');
  await search(page, '2029-05-10', '2029-05-12');
  await page.locator('#notice').waitFor({ state: 'hidden' });
  // Somebody else takes the last room between the search and the click.
  await page.route('**/rpc/book_room', (route) => route.fulfill({
    status: 409,
    contentType: 'application/json',
    body: JSON.stringify({ code: 'sold_out', message: 'No room of this type is free for these nights.', details: null, hint: null }),
  }));
  await room(page, 9).getByRole('button', { name: 'Book' }).click();
  await shows(page, 'No room of this type is free');
  assert.equal(await page.locator('#notice').getAttribute('role'), 'alert');
}

async function shows_a_lost_server(page) {
  await open(page);
  await page.route('**/rpc/availability*', (route) => route.abort());
  await page.getByRole('button', { name: 'Search' }).click();
  await shows(page, 'cannot be reached');
}

/** On a slow line answers may come in another order than they were asked for. */
async function shows_the_newest_search(page) {
  await open(page);
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  await page.route('**/rpc/availability?check_in=2029-12-01*', async (route) => {
    await held;
    await route.continue();
  });
  await page.getByLabel('Arrival', { exact: true }).fill('2029-12-01');
  await page.getByRole('button', { name: 'Search' }).click();
  await page.locator('#rooms[aria-busy="true"]').waitFor();
  await search(page, '2029-12-10', '2029-12-11');
  await page.locator('#stay', { hasText: '10 Dec 2029' }).waitFor();
  const late = page.waitForResponse((response) => response.url().includes('2029-12-01'));
  release();
  await late;
  await isLive(page);
  assert.match(await page.locator('#stay').textContent(), /10 Dec 2029/);
  assert.equal(await page.locator('#rooms').getAttribute('aria-busy'), 'false');
}

async function shows_that_the_last_room_is_gone(page) {
  const stay = { check_in: '2030-01-10', check_out: '2030-01-11' };
  const other = await beside(page, stay.check_in, stay.check_out);
  for (let left = await free(page, 9); left > 1; left -= 1) {
    const status = await page.evaluate(async (stay) => (await fetch('/rest/v1/rpc/book_room', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${sessionStorage.getItem('token')}` },
      body: JSON.stringify({ room_type_id: 9, ...stay }),
    })).status, stay);
    assert.equal(status, 200);
  }
  for (const each of [page, other]) await saysFree(each, 9, 1);
  const button = room(other, 9).getByRole('button');
  await button.focus();
  await book(page, 9);
  for (const each of [page, other]) {
    await room(each, 9).locator('.tag', { hasText: 'none free' }).waitFor();
    assert.equal(await room(each, 9).getByRole('button').textContent(), 'Sold out');
    assert.ok(await room(each, 9).getByRole('button').isDisabled());
  }
  assert.ok(await room(other, 9).evaluate((card) => card === document.activeElement), 'the focus is lost');
}

/** Another browser of the same guest, at the same stay. */
async function beside(page, checkIn, checkOut, address = url) {
  const other = await another(page);
  for (const each of [page, other]) {
    await open(each, each === page ? url : address);
    await search(each, checkIn, checkOut);
    await isLive(each);
  }
  return other;
}

/** Waits until so many rooms of a type are said to be free. */
async function saysFree(page, id, number) {
  await room(page, id).locator('.tag', { hasText: `${number} free` }).waitFor();
}

async function follows_what_others_book(page) {
  const other = await beside(page, '2029-06-01', '2029-06-04');
  const before = await free(other, 5);
  const asked = requestsOf(other);
  let row;
  await withinASecond(3, async () => { row = await book(page, 5); }, (time) => saysFree(other, 5, before - 1 - time));
  assert.match(await other.locator('#rooms-from').textContent(), /told by the server/);
  assert.equal(await other.locator('.booking').count(), await page.locator('.booking').count());
  // What the guest does in one browser is shown in the other, too.
  const id = await row.getAttribute('data-booking');
  await row.getByRole('button', { name: 'Pay by card' }).click();
  await says(other.locator(`.booking[data-booking="${id}"]`), /confirmed\s*paid/);
  await row.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel the booking' }).click();
  await saysFree(other, 5, before - 2);
  await says(other.locator(`.booking[data-booking="${id}"]`), /cancelled\s*refunded/);
  assert.deepEqual(asked, [], 'nothing is asked: no reload, no poll');
  // Another stay is another stream, and no change of the first is shown in it.
  await search(other, '2029-07-01', '2029-07-02');
  await isLive(other);
  const july = await free(other, 5);
  await book(page, 5);
  await other.locator('.booking').nth(3).waitFor();
  assert.equal(await free(other, 5), july);
}

async function follows_without_a_token_too(page) {
  const other = await beside(page, '2029-06-10', '2029-06-12', url.split('#')[0]);
  const before = await free(other, 6);
  const asked = requestsOf(other);
  await withinASecond(2, () => book(page, 6), (time) => saysFree(other, 6, before - 1 - time));
  assert.deepEqual(asked, []);
  assert.ok(await room(other, 6).getByRole('button').isDisabled());
}

async function holds_no_stream_in_the_background(page) {
  const other = await beside(page, '2029-06-20', '2029-06-22');
  await eventually(async () => assert.equal(await streams(), 2));
  const before = await free(other, 4);
  await other.evaluate(() => {
    window.changes = 0;
    new MutationObserver(() => { window.changes += 1; }).observe(document.getElementById('rooms-from'), { childList: true });
  });
  await look(other, true);
  await eventually(async () => assert.equal(await streams(), 1));
  const asked = requestsOf(other);
  for (let time = 0; time < 10; time += 1) await book(page, 4);
  assert.equal(await free(other, 4), before);
  assert.deepEqual(asked, [], 'a page that nobody looks at asks for nothing');
  await look(other, false);
  await saysFree(other, 4, before - 10);
  await isLive(other);
  assert.deepEqual(asked, ['POST /rest/v1/batch']);
  assert.equal(await other.evaluate(() => window.changes), 1, 'ten bookings are one change to who looks again');
}

/** A browser has six connections to a server; the tabs behind hold none of them. */
async function many_tabs_of_one_browser_are_live(page) {
  const tabs = [];
  for (let number = 0; number < 9; number += 1) {
    const tab = await page.context().newPage();
    await open(tab);
    await search(tab, '2029-07-20', '2029-07-21');
    await isLive(tab);
    await look(tab, true);
    tabs.push(tab);
  }
  await open(page);
  await search(page, '2029-07-20', '2029-07-21');
  await isLive(page);
  const before = await free(page, 11);
  await book(page, 11);
  await saysFree(page, 11, before - 1);
  await look(tabs[0], false);
  await saysFree(tabs[0], 11, before - 1);
}

async function comes_back_after_the_server_has(page) {
  const other = await beside(page, '2029-08-01', '2029-08-03', url.split('#')[0]);
  const before = await free(other, 3);
  for (const each of [page, other]) {
    await withoutReload(each);
    await each.evaluate(() => { window.isSamePage = true; });
  }
  await server('stop');
  for (const each of [page, other]) {
    await isLive(each, 'away');
    assert.match(await each.locator('#live').textContent(), /^Offline since/);
  }
  // The numbers stay, and what is done now is refused with a reason.
  assert.equal(await free(other, 3), before);
  await room(page, 3).getByRole('button', { name: 'Book' }).click();
  await shows(page, 'cannot be reached');
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await page.locator('#notice').waitFor({ state: 'hidden' });
  await server('start');
  for (const each of [page, other]) await each.locator('#live[data-state="live"]').waitFor({ timeout: 30_000 });
  await book(page, 3);
  await saysFree(other, 3, before - 1);
  await saysFree(page, 3, before - 1);
  for (const each of [page, other]) assert.ok(await each.evaluate(() => window.isSamePage), 'it was reloaded');
}

async function comes_back_after_the_network_has(page) {
  const other = await beside(page, '2029-08-10', '2029-08-12', url.split('#')[0]);
  const before = await free(other, 3);
  await other.context().setOffline(true);
  await isLive(other, 'away');
  await book(page, 3);
  await other.context().setOffline(false);
  await isLive(other);
  await saysFree(other, 3, before - 1);
}

async function is_told_when_its_token_ends(page) {
  const token = tokenFor('d6d77053-92bc-7af6-3332-8bea8c4c6904', 3);
  await open(page, `${url.split('#')[0]}#access_token=${token}`);
  await isLive(page);
  await shows(page, 'no longer good');
  assert.match(await page.locator('#who').textContent(), /Looking around/);
  assert.ok(await page.locator('#mine').isHidden());
  await isLive(page);
  assert.ok(await room(page, 1).getByRole('button').isDisabled());
}

async function says_where_an_answer_came_from(page) {
  await open(page);
  await search(page, '2029-09-01', '2029-09-02');
  await page.locator('#rooms-from', { hasText: /^Answered from the database: [\d.]+ ms in the server, [\d.]+ ms in all$/ }).waitFor();
  await search(page, '2029-09-01', '2029-09-02');
  await page.locator('#rooms-from', { hasText: /^Answered from memory: [\d.]+ ms in the server/ }).waitFor();
  await book(page, 2);
  await page.locator('#rooms-from', { hasText: /^Changed at [\d:]+, told by the server$/ }).waitFor();
  await shows(page, 'On the disk after');
}

async function keeps_the_focus_while_numbers_change(page) {
  const other = await beside(page, '2029-10-01', '2029-10-03');
  const before = await free(page, 7);
  const button = room(page, 7).getByRole('button');
  await button.focus();
  await book(other, 7);
  await saysFree(page, 7, before - 1);
  assert.ok(await button.evaluate((button) => button === document.activeElement));
  // By keyboard: booked, and the focus is where it was.
  await page.keyboard.press('Enter');
  await shows(page, 'Booked:');
  await saysFree(page, 7, before - 2);
  assert.ok(await button.evaluate((button) => button === document.activeElement));
  // A row that changes under the focus keeps it.
  const unpaid = page.locator('.booking', { hasText: 'not paid' }).first();
  const row = page.locator(`.booking[data-booking="${await unpaid.getAttribute('data-booking')}"]`);
  await row.getByRole('button', { name: 'Pay by card' }).focus();
  await page.keyboard.press('Enter');
  await shows(page, 'Paid:');
  await says(row, /confirmed\s*paid/);
  assert.ok(await row.evaluate((row) => row.contains(document.activeElement)));
}

async function loads_more_bookings_and_keeps_them(page) {
  // The seed has given this guest fewer than two pages.
  const other = await beside(page, '2029-11-01', '2029-11-02');
  while (await page.locator('#more').isHidden()) {
    await book(page, 10);
    if (await page.locator('.booking').count() > 21) break;
  }
  await open(other);
  const shown = await other.locator('.booking').count();
  assert.equal(shown, 20);
  await other.getByRole('button', { name: 'Show more' }).click();
  await eventually(async () => assert.ok(await other.locator('.booking').count() > 20));
  const oldest = other.locator('.booking').last();
  const text = await oldest.locator('h3').textContent();
  // A booking that is new pushes none out, and one behind the newest page can be cancelled and shows it.
  const number = await other.locator('.booking').count();
  await isLive(other);
  await book(page, 10);
  await eventually(async () => assert.equal(await other.locator('.booking').count(), number + 1));
  assert.equal(await oldest.locator('h3').textContent(), text);
  const behind = other.locator('.booking.confirmed').last();
  const id = await behind.getAttribute('data-booking');
  await behind.getByRole('button', { name: 'Cancel' }).click();
  await other.getByRole('dialog').getByRole('button', { name: 'Cancel the booking' }).click();
  await other.locator(`.booking.cancelled[data-booking="${id}"]`).waitFor();
}

async function looks_around_without_a_token(page) {
  await open(page, url.split('#')[0]);
  assert.match(await page.locator('#who').textContent(), /Looking around/);
  assert.ok(await room(page, 1).getByRole('button').isDisabled());
  assert.ok(await page.locator('#mine').isHidden());
}

async function refuses_a_bad_token(page) {
  await page.goto(`${url.split('#')[0]}#access_token=not-a-token`);
  await shows(page, 'no longer good');
}

async function fits_a_small_screen_in_both_schemes(page) {
  await fitsASmallScreenInBothSchemes(page, () => open(page), '.room button');
}

async function can_be_used_by_keyboard(page) {
  await open(page);
  await canBeUsedByKeyboard(page);
}
