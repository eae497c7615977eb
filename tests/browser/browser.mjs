// SPDX-License-Identifier: Apache-2.0
// A browser by remote control, for tests/system/browser.py: one JSON command per line on standard input, one JSON answer per
// line on standard output. ECS_BROWSER_MODULES: directory with node_modules; ECS_CHROMIUM: the program.
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import path from 'node:path';

const require = createRequire(path.join(process.env.ECS_BROWSER_MODULES, 'browser.mjs'));
const { chromium } = require('playwright-core');
const LIMIT_MS = 15000;

// Functions of the objects that phones put into pages.
const FUNCTIONS = {
    VoWiFiWebServiceFlow: ['entitlementChanged', 'dismissFlow'],
    WiFiCallingWebViewController: ['phoneServicesAccountStatusChanged', 'CloseWebView', 'cancelButtonPressed', 'cancelButtonClicked'],
    ODSAServiceFlow: ['profileReadyWithActivationCode', 'profileReadyWithDefaultSmdp', 'SelectionCompleted', 'finishFlow',
        'dismissFlow', 'deleteToken', 'deleteProfileInUse', 'checkProfileServiceStatus'],
    DataBoostWebServiceFlow: ['notifyPurchaseSuccessful', 'notifyPurchaseFailed', 'dismissFlow'],
    DCBWebServiceFlow: ['entitlementChanged', 'dismissFlow'],
    SatModeWebServiceFlow: ['entitlementChanged', 'dismissFlow'],
};

const browser = await chromium.launch({
    executablePath: process.env.ECS_CHROMIUM || '/usr/bin/chromium-headless-shell',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--disable-sync',
        '--disable-default-apps', '--no-first-run', '--disable-dev-shm-usage', '--no-proxy-server'],
});
const contexts = new Map();
let next = 1;

async function open({ javaScript = true, locale = 'en-US', objects = ['VoWiFiWebServiceFlow'], dark = false, width = 375, height = 740, without = [],
    strict = [] }) {
    const context = await browser.newContext({
        ignoreHTTPSErrors: true, javaScriptEnabled: javaScript, locale, viewport: { width, height },
        colorScheme: dark ? 'dark' : 'light', isMobile: true, hasTouch: true, deviceScaleFactor: 2,
    });
    const seen = { context, calls: [], told: [], faults: [], statuses: [] };

    context.setDefaultTimeout(LIMIT_MS);
    await context.exposeBinding('recordCall', (source, object, name, values) => {
        seen.calls.push([object, name, values.length]);
        seen.told.push([name, ...values]);
    });
    // Functions in strict refuse arguments, as those of a Java object do that were declared without.
    await context.addInitScript(([functions, refusing]) => {
        for (const [object, names] of functions) {
            window[object] = {};
            for (const name of names) {
                window[object][name] = function () {
                    if (arguments.length && refusing.includes(name)) {
                        throw new Error('Method not found');
                    }
                    window.recordCall(object, name, Array.from(arguments));
                };
            }
        }
    }, [objects.map((object) => [object, FUNCTIONS[object].filter((name) => !without.includes(name))]), strict]);
    seen.page = await context.newPage();
    seen.page.on('console', (message) => {
        // The browser tells of an answer's status here, too; the tests look at the statuses themselves.
        if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
            seen.faults.push(message.text());
        }
    });
    seen.page.on('pageerror', (fault) => seen.faults.push(String(fault)));
    seen.page.on('response', (response) => seen.statuses.push(response.status()));
    contexts.set(next, seen);
    return next++;
}

// As a phone does it: a form body to the address, from nowhere.
async function post(page, { url, fields }) {
    const inputs = Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`);

    await page.goto('about:blank');
    await page.setContent(`<form method="post" action="${url}">${inputs.join('')}<button>go</button></form>`);
    await Promise.all([page.waitForURL(/^https:/), page.click('button')]);
}

const commands = {
    open: async (c) => open(c),
    close: async (c, seen) => { await seen.context.close(); contexts.delete(c.id); return true; },
    get: async (c, { page }) => { await page.goto(c.url); return true; },
    post: async (c, { page }) => { await post(page, c); return true; },
    back: async (c, { page }) => { await page.goBack(); return true; },
    reload: async (c, { page }) => { await page.reload(); return true; },
    fill: async (c, { page }) => {
        for (const [name, value] of Object.entries(c.fields)) {
            await page.fill(`#f-${name}`, value);
        }
        return true;
    },
    select: async (c, { page }) => { await page.selectOption(c.selector, c.value); return true; },
    // Presses a button and waits for the page behind it.
    press: async (c, { page }) => {
        await Promise.all([page.waitForNavigation(), page.click(`button[value="${c.value}"]`)]);
        return true;
    },
    click: async (c, { page }) => { await page.click(c.selector); return true; },
    keys: async (c, { page }) => {
        for (const key of c.keys) {
            if (key.startsWith('text:')) {
                await page.keyboard.type(key.slice(5));
            } else {
                await page.keyboard.press(key);
            }
        }
        return true;
    },
    // Timers of the pages go off at once.
    quicken: async (c, { context }) => {
        await context.addInitScript(() => {
            const real = window.setTimeout;
            window.setTimeout = (what, ms) => real(what, Math.min(ms, 50));
        });
        return true;
    },
    settle: async (c, { page }) => { await page.waitForLoadState('load'); await page.waitForTimeout(c.ms ?? 200); return true; },
    // Works without JavaScript in the page, too.
    texts: async (c, { page }) => page.locator(c.selector).allTextContents(),
    attribute: async (c, { page }) => page.locator(c.selector).first().getAttribute(c.attribute),
    values: async (c, { page }) => {
        const found = {};
        for (const input of await page.locator('input:not([type=hidden]), select').all()) {
            found[await input.getAttribute('name')] = await input.inputValue();
        }
        return found;
    },
    visible: async (c, { page }) => page.locator(c.selector).first().isVisible(),
    focused: async (c, { page }) => page.evaluate(() => {
        const a = document.activeElement;
        return [a.tagName.toLowerCase(), a.id, a.value || a.textContent.trim()];
    }),
    evaluate: async (c, { page }) => page.evaluate(c.script),
    where: async (c, { page }) => page.url(),
    cookies: async (c, { context }) => context.cookies(),
    forget: async (c, { context }) => { await context.clearCookies(); return true; },
    calls: async (c, seen) => seen.calls,
    told: async (c, seen) => seen.told,
    faults: async (c, seen) => seen.faults,
    status: async (c, seen) => seen.statuses[seen.statuses.length - 1],
    shot: async (c, { page }) => { await page.screenshot({ path: c.path, fullPage: true }); return true; },
};

for await (const line of createInterface({ input: process.stdin })) {
    let answer;

    try {
        const command = JSON.parse(line);

        answer = { result: await commands[command.do](command, contexts.get(command.id)) ?? null };
    } catch (fault) {
        answer = { fault: String(fault) };
    }
    process.stdout.write(JSON.stringify(answer) + '\n');
}
await browser.close();
