// What a person does at /docs, in the browser that is named: reads users without a credential, with a wrong one and with
// a right one. Prints as JSON what the page saw.

import { chromium } from 'playwright-core';

const [, , executablePath, url, credential] = process.argv;
const seen = { errors: [], asked: [], answered: [] };

// It shows pages of this machine only; a sandbox is not to be had everywhere that tests run.
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
const page = await browser.newPage();
const operation = page.locator('#operations-users-list_users');
page.on('console', (message) => seen.errors.push(message.text()));
page.on('pageerror', (error) => seen.errors.push(String(error)));
page.on('requestfailed', (request) => seen.errors.push(`${request.url()}: ${request.failure().errorText}`));

async function authorize(value) {
  await page.locator('.auth-wrapper > button.authorize').click();
  const dialog = page.locator('.dialog-ux');
  const logout = dialog.getByRole('button', { name: 'Remove authorization' });
  if (await logout.isVisible()) await logout.click();
  seen.described = await dialog.locator('.auth-container .renderedMarkdown').innerText();
  await dialog.locator('input').fill(value);
  await dialog.getByRole('button', { name: 'Apply credentials' }).click();
  await dialog.locator('button.btn-done').click();
}

async function execute() {
  const answer = page.waitForResponse((response) => response.url().includes('/api/v1/'));
  await operation.locator('button.execute').click();
  const response = await answer;
  seen.asked.push((await response.request().allHeaders()).authorization ?? null);
  await operation.locator('.live-responses-table .response-col_status', { hasText: String(response.status()) }).waitFor();
  seen.answered.push([response.status(), await response.json()]);
}

try {
  await page.goto(`${url}/docs`);
  await operation.locator('.opblock-summary-control').click();
  seen.scope = await operation.locator('.opblock-description').innerText();
  await operation.getByRole('button', { name: 'Try it out' }).click();
  await execute();
  await authorize(`${credential}x`);
  await execute();
  await authorize(credential);
  await execute();
  seen.kept = await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie]);
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
}
