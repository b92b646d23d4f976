// What a person does with the report of the schema tools, in the browser that is named. Prints as JSON what the page
// showed.

import { chromium } from 'playwright-core';

const [, , executablePath, url, asked] = process.argv;
const { table, column, screenshots } = JSON.parse(asked);
const seen = { errors: [], requests: [], dialogs: [] };

// It shows a file of this machine only; a sandbox is not to be had everywhere that tests run.
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });

async function opened(options, fragment = '') {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.on('console', (message) => seen.errors.push(message.text()));
  page.on('pageerror', (error) => seen.errors.push(String(error)));
  page.on('request', (request) => seen.requests.push(request.url()));
  page.on('dialog', (dialog) => seen.dialogs.push(dialog.message()) && dialog.dismiss());
  await page.goto(url + fragment);
  return page;
}

async function shot(page, name) {
  if (screenshots) await page.screenshot({ path: `${screenshots}-${name}.png` });
}

const viewBox = (page) => page.locator('#erd').evaluate((svg) => svg.getAttribute('viewBox').split(' ').map(Number));
const boxOf = (page, name) => page.locator(`#erd .table[aria-label=${JSON.stringify(`Table ${name}`)}]`);
const hash = (page) => page.evaluate(() => decodeURIComponent(location.hash));

async function middle(page, name) {
  const { x, y, width, height } = await boxOf(page, name).locator('.box').boundingBox();
  return [x + width / 2, y + height / 2];
}

function visibleSections(page) {
  return page.locator('main > section').evaluateAll((all) => all.filter((one) => one.offsetHeight).map((one) => one.id));
}

// How far the texts of a table stand out of its box or over each other, in pixels of the diagram.
function overlaps(page) {
  return page.locator('#erd .table').evaluateAll((all) =>
    all.flatMap((box) => {
      const { width } = box.querySelector('.box').getBBox();
      const spans = (text) => text && [text.getBBox().x, text.getBBox().x + text.getBBox().width];
      const texts = [...box.querySelectorAll('text')].filter((one) => one.checkVisibility()).map(spans);
      const outside = texts.flatMap(([start, end]) => [-start, end - width]);
      const rows = [...box.querySelectorAll('.row')].filter((row) => row.checkVisibility());
      const between = rows.map((row) => spans(row.querySelector('.column'))[1] - spans(row.querySelector('.type'))[0]);
      return [...outside, ...between].filter((one) => one > 0.5).map((one) => [box.getAttribute('aria-label'), one]);
    }),
  );
}

// The ratio of WCAG between the colour of a text and what is behind it.
function contrast(page, selector) {
  return page.locator(selector).first().evaluate((element) => {
    const parts = (colour) => colour.match(/[\d.]+/g).map(Number);
    const light = (colour) => {
      const [r, g, b] = parts(colour).map((one) => (one / 255 <= 0.03928 ? one / 3294.6 : ((one / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    let behind = element;
    while (parts(getComputedStyle(behind).backgroundColor)[3] === 0) behind = behind.parentElement;
    const [one, other] = [getComputedStyle(element).color, getComputedStyle(behind).backgroundColor].map(light);
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  });
}

async function diagram() {
  const page = await opened({ viewport: { width: 1400, height: 900 } });
  await shot(page, 'diagram');
  seen.title = await page.title();
  seen.tables = await page.locator('#erd .table').count();
  seen.links = await page.locator('#erd .link').count();
  seen.sections = [await visibleSections(page)];
  seen.overlaps = await overlaps(page);
  const all = await viewBox(page);

  await page.mouse.move(700, 500);
  await page.mouse.wheel(0, -300);
  await page.waitForFunction((width) => Number(document.getElementById('erd').getAttribute('viewBox').split(' ')[2]) < width, all[2]);
  const wheeled = await viewBox(page);
  await page.getByRole('button', { name: 'Smaller' }).click();
  const smaller = await viewBox(page);
  await page.getByRole('button', { name: 'Larger' }).click();
  await page.locator('#canvas').press('ArrowRight');
  const moved = await viewBox(page);
  await page.locator('#canvas').press('-');
  const farther = await viewBox(page);
  await page.getByRole('button', { name: 'Show all' }).click();
  const fitted = await viewBox(page);
  seen.zoom = {
    wheel: wheeled[2] < all[2],
    buttons: smaller[2] > wheeled[2] && moved[2] < smaller[2],
    arrows: moved[0] - wheeled[0],
    keys: farther[2] > moved[2],
    all: await page.evaluate(() => {
      const frame = document.getElementById('canvas').getBoundingClientRect();
      const places = [...document.querySelectorAll('#erd .box')].map((one) => one.getBoundingClientRect());
      return places.every((one) => one.left >= frame.left && one.right <= frame.right && one.top >= frame.top && one.bottom <= frame.bottom);
    }),
  };

  await page.mouse.move(...(await middle(page, table)));
  seen.neighbours = await page.locator('#erd .table.near').evaluateAll((near) => near.map((one) => one.ariaLabel.slice(6)));
  await shot(page, 'neighbours');
  await page.mouse.down();
  await page.mouse.move(300, 300, { steps: 5 });
  await page.mouse.up();
  const dragged = await viewBox(page);
  seen.drag = { moved: Math.abs(dragged[0] - fitted[0]) > 10, hash: await hash(page) };

  const search = page.getByRole('combobox', { name: 'Find a table or a column' });
  await page.locator('body').press('/');
  await page.keyboard.type(column);
  seen.matches = await page.getByRole('option').allInnerTexts();
  seen.marked = await page.locator('#erd .table.chosen').count();
  await search.fill('no such thing');
  seen.nothing = await page.locator('#matches').innerText();
  await search.fill(table);
  await search.press('Enter');
  await page.waitForFunction(() => location.hash);
  seen.found = { hash: await hash(page), chosen: await page.locator('#erd .table.chosen').evaluateAll((all) => all.map((one) => one.ariaLabel.slice(6))) };
  const [x, y] = await middle(page, table);
  seen.found.centred = Math.hypot(x - 700, y - 478) < 5;
  await shot(page, 'found');

  seen.overlaps.push(...(await overlaps(page)));
  await page.mouse.click(x, y);
  const article = page.locator('#tables article').filter({ has: page.getByRole('heading', { name: table, exact: true }) });
  await article.waitFor();
  seen.clicked = { hash: await hash(page), inView: (await article.boundingBox()).y };
  seen.sections.push(await visibleSections(page));
  seen.article = await article.innerText();
  await shot(page, 'table');
  await article.getByRole('link', { name: 'Show in diagram' }).click();
  await boxOf(page, table).waitFor();
  seen.focused = await page.evaluate(() => document.activeElement.getAttribute('aria-label'));
  await page.keyboard.press('Enter');
  await article.waitFor();
  seen.entered = await hash(page);
  await page.goBack();
  seen.sections.push(await visibleSections(page));

  await page.emulateMedia({ media: 'print' });
  seen.printed = await visibleSections(page);
  await page.close();
}

async function differences() {
  const page = await opened({ viewport: { width: 1200, height: 900 } });
  await page.getByRole('link', { name: 'History' }).click();
  seen.history = await page.locator('#history tbody tr').allInnerTexts();
  await page.getByRole('link', { name: 'Differences' }).click();
  const shown = async () => {
    const items = await page.locator('#difference li').allInnerTexts();
    return { cards: await page.locator('#difference h3').allInnerTexts(), items: items.map((one) => one.replace(/\s+/g, ' ')) };
  };
  seen.differences = await shown();
  await shot(page, 'differences');
  await page.getByRole('button', { name: 'Exchange the two' }).click();
  seen.exchanged = await shown();
  await page.locator('#from').selectOption('0');
  await page.locator('#to').selectOption('1');
  seen.fromNothing = await shown();
  await page.locator('#to').selectOption('0');
  seen.same = await page.locator('#difference').innerText();
  await page.goBack();
  const links = page.locator('#history tbody a');
  if (await links.count()) {
    await links.last().click();
    await page.locator('#difference').waitFor();
    seen.ofRevision = await shown();
  }
  await page.getByRole('link', { name: 'Findings' }).click();
  seen.findings = await page.locator('#findings').innerText();
  await page.close();
}

// The diagram has its size only when it is first shown.
async function fromTables() {
  const page = await opened({ viewport: { width: 1400, height: 900 } }, '#tables');
  await page.setViewportSize({ width: 1000, height: 700 });
  const article = page.locator('#tables article').filter({ has: page.getByRole('heading', { name: table, exact: true }) });
  await article.getByRole('link', { name: 'Show in diagram' }).click();
  const [x, y] = await middle(page, table);
  const canvas = await page.locator('#canvas').boundingBox();
  seen.shownFromTables = Math.hypot(x - canvas.x - canvas.width / 2, y - canvas.y - canvas.height / 2);
  await page.close();
}

async function appearance() {
  seen.contrast = {};
  const texts = { text: '#tables .comment', muted: '#tables th', link: '#tables .references a, #tables .in-diagram', nav: '.top nav a:not([aria-current])' };
  for (const colorScheme of ['light', 'dark']) {
    const page = await opened({ colorScheme, viewport: { width: 1400, height: 900 } });
    await shot(page, colorScheme);
    await page.getByRole('link', { name: 'Tables' }).click();
    const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const ratios = [];
    for (const selector of Object.values(texts)) ratios.push(await contrast(page, selector));
    seen.contrast[colorScheme] = { background, least: Math.min(...ratios) };
    await page.close();
  }
}

async function phone() {
  const page = await opened({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, colorScheme: 'dark' });
  await shot(page, 'phone');
  const before = await viewBox(page);
  const session = await page.context().newCDPSession(page);
  const touch = (type, ...points) => session.send('Input.dispatchTouchEvent', { type, touchPoints: points.map(([x, y], id) => ({ x, y, id })) });
  await page.locator('#canvas').scrollIntoViewIfNeeded();
  const { y, height } = await page.locator('#canvas').boundingBox();
  const at = y + height / 2;
  await touch('touchStart', [150, at], [240, at]);
  for (const step of [10, 20, 30, 40]) await touch('touchMove', [150 - step, at], [240 + step, at]);
  await touch('touchEnd');
  const after = await viewBox(page);
  seen.pinch = before[2] / after[2];
  seen.tooWide = [];
  for (const name of ['Diagram', 'Tables', 'History', 'Differences', 'Findings']) {
    await page.getByRole('link', { name: new RegExp(`^${name}`) }).first().click();
    await shot(page, `phone-${name.toLowerCase()}`);
    const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    if (wide > room) seen.tooWide.push([name, wide, room]);
  }
  await page.close();
}

try {
  for (const part of [diagram, differences, fromTables, appearance, phone]) await part();
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
}
