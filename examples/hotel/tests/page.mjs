// Clicks through the page as a guest would. Usage: node page.mjs URL, where URL carries a user's token
// (`martlet dev` prints one).

import assert from 'node:assert/strict';
import { address, canBeUsedByKeyboard, eventually, fitsASmallScreenInBothSchemes, run, shows } from '../../page-tests/harness.mjs';

const url = address();

await run([
  searches_books_pays_and_cancels,
  pays_cash_on_arrival,
  shows_what_the_server_refuses,
  shows_a_lost_server,
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
  await page.getByLabel('Arrival').fill(checkIn);
  await page.getByLabel('Departure').fill(checkOut);
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
