// Takes the pictures of docs/pictures/: `cargo xtask pictures` starts the apps and runs it.
// Usage: node pictures.mjs FOLDER HOTEL_URL EVENTS_URL (the pages' URLs that `martlet dev` prints, with a token).

import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { launch } from './harness.mjs';

const SIZE_MAX = 150 * 1024;
const TICK_MS = 100;
const TRAFFIC_TICKS = 400;
const STAY = { check_in: '2029-06-01', check_out: '2029-06-04' };

const [, , folder, hotel, events] = process.argv;
assert.ok(events, 'usage: node pictures.mjs FOLDER HOTEL_URL EVENTS_URL');
const browser = await launch();

await picture('hotel', takeHotel);
await picture('events', takeEvent);
await picture('performance', takePerformance);
await browser.close();

/** Two windows side by side would be one picture of two pages; here it is one page after another has changed it. */
async function picture(name, take) {
  const context = await browser.newContext({ viewport: { width: 1040, height: 760 }, locale: 'en-GB', timezoneId: 'UTC' });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  if (await take(page, context) !== false) {
    const path = join(folder, `${name}.png`);
    await page.screenshot({ path, animations: 'disabled' });
    const { size } = statSync(path);
    console.log(`${path}: ${size} bytes`);
    assert.ok(size < SIZE_MAX, `${path} is larger than ${SIZE_MAX} bytes`);
  }
  await context.close();
}

/** A hotel in which somebody else has just booked. */
async function takeHotel(page, context) {
  const other = await context.newPage();
  for (const each of [page, other]) {
    await each.goto(hotel);
    await each.locator('.room').first().waitFor();
    await each.getByLabel('Arrival', { exact: true }).fill(STAY.check_in);
    await each.getByLabel('Departure', { exact: true }).fill(STAY.check_out);
    await each.getByRole('button', { name: 'Search' }).click();
    await each.locator('#stay', { hasText: '2029' }).waitFor();
    await each.locator('#live[data-state="live"]').waitFor();
  }
  await other.locator('.room[data-room-type="2"] button').click();
  await page.locator('#rooms-from', { hasText: 'told by the server' }).waitFor();
  await page.bringToFront();
  await page.evaluate(() => scrollTo({ top: 0, behavior: 'instant' }));
}

/** An event that two have joined and marked. */
async function takeEvent(page) {
  const other = await (await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC' })).newPage();
  await page.goto(new URL('/', events).href);
  await page.getByLabel('What is it?').fill('Rehearsal');
  await page.getByLabel('More about it').fill('Two hours, all of us');
  await page.getByLabel('Day', { exact: true }).fill('2029-06-01');
  await page.getByLabel('Blocks', { exact: true }).fill('12');
  await page.getByRole('button', { name: 'Make the event' }).click();
  await page.waitForURL(/token=/);
  for (const [each, name, marked] of [[page, 'Ana', [0, 1, 2, 5, 6]], [other, 'Ben', [1, 2, 3, 6, 9]]]) {
    if (each === other) await other.goto(page.url());
    await each.getByLabel('Your name').fill(name);
    await each.getByRole('button', { name: 'Join the event' }).click();
    for (const block of marked) await each.locator('.block').nth(block).click();
    await each.locator('#state', { hasText: 'saved' }).waitFor();
  }
  await page.locator('.block .count', { hasText: '2 of 2' }).nth(2).waitFor();
  await page.evaluate(() => document.activeElement.blur());
  await page.mouse.move(0, 0);
}

/** The performance page of the hotel after some traffic: reads that come and go, bookings, twenty who follow. */
async function takePerformance(page) {
  const url = new URL('/_/performance', hotel);
  const response = await page.goto(url.href);
  if (response.status() !== 200) return false;
  const ending = new AbortController();
  for (let day = 1; day <= 20; day += 1) {
    const streamed = await fetch(availability(day), { headers: { Accept: 'text/event-stream' }, signal: ending.signal });
    streamed.body.pipeTo(new WritableStream()).catch(() => {});
  }
  for (let tick = 0; tick < TRAFFIC_TICKS; tick += 1) {
    const reads = Math.round(30 + 25 * Math.sin(tick / 20) + 10 * Math.random());
    const calls = Array.from({ length: reads }, () => fetch(availability(1 + Math.floor(28 * Math.random() ** 2))));
    if (tick % 2 === 0) calls.push(book(1 + (tick % 28)));
    await Promise.all(calls.map(async (call) => (await call).text()));
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  await page.reload();
  await page.waitForTimeout(2_500);
  ending.abort();
}

function availability(day) {
  const of = (day) => `2029-06-${String(day).padStart(2, '0')}`;
  return new URL(`/rest/v1/rpc/availability?check_in=${of(day)}&check_out=${of(day + 1)}`, hotel);
}

function book(day) {
  const of = (day) => `2029-06-${String(day).padStart(2, '0')}`;
  return fetch(new URL('/rest/v1/rpc/book_room', hotel), {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${hotel.split('access_token=')[1]}` },
    body: JSON.stringify({ room_type_id: 1 + (day % 40), check_in: of(day), check_out: of(day + 1) }),
  });
}
