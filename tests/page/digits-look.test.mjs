/** How the digits task is used and looks, with a made-up engine that needs no GPU and no time. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { axeSource, browser, open, output, server, suite } from "./harness.mjs";

const element = "unnoise-digits";

suite();

const start = (hash = "", options = {}) => open(browser, `${server.urlFake}#task=digits${hash}`, { element, ...options });
const button = (page, name) => page.getByRole("button", { name, exact: true });

test("pretrained weights are shown first and labelled; training from scratch can be undone", { timeout: 60_000 }, async () => {
  const visit = await start();
  const { page, data, until } = visit;
  await page.getByText("Pretrained: MNIST small, 12,000 steps of 64 images").waitFor();
  await page.getByText("trained with this engine on a made-up GPU").waitFor();
  await until("samples", (v) => Number(v) >= 1);
  assert.equal(await data("weights"), "pretrained");
  assert.equal(await data("state"), "paused");
  assert.equal(await visit.step(), 0, "training goes on with a fresh optimiser");
  await button(page, "Train").click();
  await visit.untilStep(30);
  await page.getByText(/more steps trained here/).waitFor();

  await button(page, "Train from scratch").click();
  await until("weights", (v) => v === "live");
  await page.getByText(/^The run MNIST small at step [\d,]+ was put aside\.$/).waitFor();
  await visit.untilStep(5);
  await button(page, "Bring it back").click();
  await until("weights", (v) => v === "pretrained");
  await visit.untilStep(30);
  await button(page, "Use pretrained weights").click();
  await until("step", (v) => v === "0");
  await until("weights", (v) => v === "pretrained");
  assert.deepEqual(visit.problems, []);
});

test("an offered run can be discarded, and until then nothing overwrites it", { timeout: 60_000 }, async () => {
  const visit = await start("&v=1&preset=tiny");
  const { page, data, until } = visit;
  await visit.untilStep(20);
  await button(page, "Pause").click();
  await until("stored", (v) => Number(v) >= 20);
  await page.reload();
  await page.getByText(/^Resume MNIST tiny at step/).waitFor();
  const offered = await data("offer");
  await button(page, "Train").click();
  await visit.untilStep(10);
  await button(page, "Pause").click();
  await until("state", (v) => v === "paused");
  await page.reload();
  await page.getByText(/^Resume MNIST tiny at step/).waitFor();
  assert.equal(await data("offer"), offered);
  await button(page, "Discard").click();
  await until("offer", (v) => v === null);
  await page.reload();
  await visit.untilStep(5);
  assert.equal(await data("offer"), null);
  assert.deepEqual(visit.problems, []);
});

test("where the private file system cannot be written, IndexedDB keeps the run", { timeout: 60_000 }, async () => {
  const visit = await start("&v=1&preset=tiny", { workerPrelude: "delete FileSystemFileHandle.prototype.createWritable;" });
  const { page, until } = visit;
  await visit.untilStep(20);
  await button(page, "Pause").click();
  await until("stored", (v) => Number(v) >= 20);
  // What was measured of kernels has a database of its own, wherever the run is.
  const databases = await page.evaluate(async () => (await indexedDB.databases()).map(({ name }) => name));
  assert.deepEqual(databases.filter((name) => name !== "unnoise-tuning"), ["unnoise-digits"]);
  const step = await visit.step();
  await page.reload();
  await button(page, "Resume").click();
  await page.getByText(`Resumed MNIST tiny at step ${step}.`).waitFor();
  assert.equal(await visit.step(), step);
  assert.deepEqual(visit.problems, []);
});

test("classes, presets and what the grid shows go into the address", { timeout: 60_000 }, async () => {
  const visit = await start();
  const { page, until } = visit;
  await until("samples", (v) => Number(v) >= 1);
  for (const digit of "0124589") await button(page, digit).click();
  await page.getByRole("radio", { name: /^Both/ }).check({ force: true });
  await page.waitForFunction(() => location.hash.includes("view.shown"));
  assert.equal(new URL(page.url()).hash, "#task=digits&v=1&sample.classes=367&view.shown=both");
  await page.waitForFunction((tag) => new Set(document.querySelector(tag).clip?.labels).size === 3, element);
  // Another network brings its own settings with it.
  await visit.field("preset").getByRole("combobox").selectOption("course");
  await until("preset", (v) => v === "course");
  assert.equal(await visit.field("training.batch_size").getByRole("spinbutton").inputValue(), "128");
  await page.getByText(/Needs about [\d,]+ MB on the device/).waitFor();
  const second = await open(browser, page.url(), { element });
  await second.until("preset", (v) => v === "course");
  await second.until("samples", (v) => Number(v) >= 1);
  assert.equal(await second.page.evaluate((tag) => new Set(document.querySelector(tag).clip.labels).size, element), 3);
  assert.deepEqual([...visit.problems, ...second.problems], []);
});

/** PNG files of discs and squares, in a folder for each. */
function pictures(page) {
  return page.evaluate(async () => {
    const files = [];
    for (const shape of ["discs", "squares"]) {
      for (let i = 0; i < 12; i++) {
        const canvas = new OffscreenCanvas(40 + i, 40);
        const context = canvas.getContext("2d");
        context.fillStyle = `hsl(${i * 30} 80% 60%)`;
        context.beginPath();
        if (shape === "discs") context.arc(20 + i / 2, 20, 8 + i / 2, 0, 7);
        else context.rect(10, 10, 18 + i, 18);
        context.fill();
        files.push([`${shape}-${i}.png`, Array.from(new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer()))]);
      }
    }
    return files;
  });
}

test("own images are read, trained on, and there again after a reload", { timeout: 60_000 }, async () => {
  const visit = await start("&v=1&preset=tiny");
  const { page, data, until } = visit;
  await visit.untilStep(5);
  await page.getByRole("radio", { name: "Own images" }).check({ force: true });
  await page.getByText("never leave this computer").waitFor();
  assert.equal(await data("dataset"), "mnist", "nothing changes before there are images");
  const files = (await pictures(page)).map(([name, bytes]) => ({ name, mimeType: "image/png", buffer: Buffer.from(bytes) }));
  await page.locator("unnoise-digits-data input[type=file]").setInputFiles(files);
  await until("dataset", (v) => v === "own");
  await page.getByText("24 images in one class").waitFor();
  await until("images", (v) => v === "24");
  await page.getByText("This model knows no classes.").waitFor();
  await visit.field("images.channels").getByRole("combobox").selectOption("3");
  await until("images", (v) => v === "24");
  await page.waitForFunction((tag) => document.querySelector(tag).clip?.channels === 3, element);
  await visit.untilStep(20);
  await page.screenshot({ path: join(output, "digits-own.png") });
  await button(page, "Pause").click();
  await until("stored", (v) => Number(v) >= 20);
  const step = await visit.step();
  await page.reload();
  await button(page, "Resume").click();
  await until("dataset", (v) => v === "own");
  await until("images", (v) => v === "24");
  assert.equal(await visit.step(), step);
  await button(page, "Train").click();
  await visit.untilStep(step + 3);
  assert.deepEqual(visit.problems, []);
});

/** A PNG sheet of `columns` × `rows` discs, each cell 20 × 20 pixels. */
async function sheet(page, columns, rows) {
  const bytes = await page.evaluate(async ([across, down]) => {
    const canvas = new OffscreenCanvas(20 * across, 20 * down);
    const context = canvas.getContext("2d");
    context.fillStyle = "#000";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.fillStyle = "#fff";
    for (let i = 0; i < across * down; i++) {
      context.beginPath();
      context.arc(20 * (i % across) + 10, 20 * Math.floor(i / across) + 10, 3 + (i % 6), 0, 7);
      context.fill();
    }
    return Array.from(new Uint8Array(await (await canvas.convertToBlob()).arrayBuffer()));
  }, [columns, rows]);
  return { name: "sheet.png", mimeType: "image/png", buffer: Buffer.from(bytes) };
}

test("a sheet is cut as guessed, or as the visitor says", { timeout: 60_000 }, async () => {
  const visit = await start("&v=1&preset=tiny");
  const { page, until } = visit;
  await visit.untilStep(5);
  const columns = page.getByRole("spinbutton", { name: "Columns" });
  const rows = page.getByRole("spinbutton", { name: "Rows" });
  await page.locator("unnoise-digits-data input[type=file]").setInputFiles([await sheet(page, 12, 3)]);
  await page.getByText("36 images in one class").waitFor();
  assert.deepEqual([await columns.inputValue(), await rows.inputValue()], ["12", "3"], "as guessed");
  await columns.fill("6");
  await page.getByRole("checkbox", { name: "Each row is a class" }).check();
  await button(page, "Cut anew").click();
  await page.getByText("18 images in 3 classes").waitFor();
  await until("images", (v) => v === "18");
  // What cannot be is said, and the images stay.
  await columns.fill("7");
  await button(page, "Cut anew").click();
  await page.locator("unnoise-digits-data").getByRole("alert").filter({ hasText: "7 columns and 3 rows do not divide" }).waitFor();
  assert.equal(await columns.inputValue(), "7", "to be corrected");
  await visit.untilStep((await visit.step()) + 3);
  await page.screenshot({ path: join(output, "digits-sheet.png"), fullPage: true });
  await columns.fill("12");
  await button(page, "Cut anew").click();
  await page.getByText("36 images in 3 classes").waitFor();
  assert.deepEqual(visit.problems, []);
});

test("more than ten classes are chosen by a list", { timeout: 60_000 }, async () => {
  const visit = await start("&v=1&preset=tiny");
  const { page } = visit;
  await visit.untilStep(5);
  await page.locator("unnoise-digits-data input[type=file]").setInputFiles([await sheet(page, 3, 12)]);
  await page.getByText("36 images in one class").waitFor();
  await page.getByRole("checkbox", { name: "Each row is a class" }).check();
  await button(page, "Cut anew").click();
  await page.getByText("36 images in 12 classes").waitFor();
  const list = page.getByRole("textbox", { name: "Classes to draw" });
  assert.equal(await list.inputValue(), "0-9");
  const drawn = (classes) => page.waitForFunction(([tag, wanted]) => [...new Set(document.querySelector(tag).clip?.labels)].sort((a, b) => a - b).join() === wanted, [element, classes]);
  await list.fill("0-2, 11");
  await list.press("Enter");
  await drawn("0,1,2,11");
  assert.ok(new URL(page.url()).hash.includes("sample.classes=0-2,11"));
  await list.fill("3, 12");
  await list.press("Enter");
  await page.locator("unnoise-digits-classes").getByRole("alert").filter({ hasText: "numbers from 0 to 11" }).waitFor();
  await list.fill("11");
  await list.press("Enter");
  await drawn("11");
  await button(page, "All").click();
  await drawn([...Array(12).keys()].join());
  assert.equal(await list.inputValue(), "0-11");
  assert.deepEqual(visit.problems, []);
});

test("loading and compiling are announced at their start, half and end", { timeout: 60_000 }, async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  // What the live region says, from the first word on.
  await page.addInitScript(() => {
    globalThis.heard = [];
    setInterval(() => {
      const text = document.querySelector("unnoise-digits")?.renderRoot?.querySelector("unnoise-announcer")?.renderRoot?.textContent.trim();
      if (text && text !== globalThis.heard.at(-1)) globalThis.heard.push(text);
    }, 50);
  });
  // Shards that take their time.
  await page.route(/train-\d\.bin\.gz$/, async (route) => {
    await new Promise((done) => setTimeout(done, 1800));
    await route.continue();
  });
  await page.goto(`${server.urlFake}?autoplay=0#task=digits&v=1&preset=tiny`);
  await page.waitForFunction(() => globalThis.heard.includes("MNIST is loaded: 60,000 images."), undefined, { timeout: 40_000 });
  const heard = await page.evaluate(() => globalThis.heard);
  const about = (word) => heard.filter((text) => text.includes(word));
  assert.deepEqual(about("MNIST"), ["Loading MNIST.", "MNIST is half loaded.", "MNIST is loaded: 60,000 images."]);
  assert.ok(heard.some((text) => /kernels/.test(text)), heard.join(" "));
  await context.close();
});

test("everything works by keyboard", { timeout: 60_000 }, async () => {
  const visit = await start("&v=1&preset=tiny");
  const { page, until } = visit;
  await visit.untilStep(5);
  await page.keyboard.press("k");
  await until("state", (v) => v === "paused");
  const step = await visit.step();
  await page.keyboard.press(".");
  await visit.untilStep(step + 1);
  assert.equal(await visit.step(), step + 1);
  await page.keyboard.press("7");
  await page.waitForFunction(() => location.hash.includes("sample.classes=012345689"));
  await until("samples", (v) => Number(v) >= 1);
  await page.keyboard.press("ArrowLeft");
  assert.equal(await visit.data("live"), "false");
  // In the grid, arrow keys look at one sample after the other.
  await page.getByRole("group", { name: "Look at one sample" }).focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowDown");
  await page.getByText("Row 2, column 1: 0").waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("Row 2, column 1: 0").waitFor({ state: "hidden" });
  await page.keyboard.press("Shift+?");
  await page.getByRole("dialog", { name: "Keyboard" }).getByText("draw a class or leave it out").waitFor();
  await page.keyboard.press("Escape");
  assert.deepEqual(visit.problems, []);
});

for (const scheme of ["light", "dark"]) {
  test(`axe finds nothing to complain about in the digits (${scheme})`, { timeout: 60_000 }, async () => {
    const visit = await start("&foo=1", { colorScheme: scheme });
    await visit.until("samples", (v) => Number(v) >= 1);
    await visit.page.evaluate(axeSource);
    await visit.page.evaluate(() => {
      const open = (root) => {
        for (const element of root.querySelectorAll("*")) {
          if (element.localName === "details") element.open = true;
          if (element.shadowRoot) open(element.shadowRoot);
        }
      };
      open(document);
    });
    const found = await visit.page.evaluate(async () => (await globalThis.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })).violations);
    assert.deepEqual(found.map(({ id, nodes }) => `${id}: ${nodes.map(({ target, failureSummary }) => `${target} ${failureSummary}`).join("; ")}`), []);
  });
}

for (const width of [320, 390, 768, 1280, 1600]) {
  for (const scheme of width === 390 || width === 1280 ? ["light", "dark"] : ["light"]) {
    test(`the digits look right at ${width} px, ${scheme}`, { timeout: 60_000 }, async () => {
      const phone = width < 500;
      const visit = await start("", {
        viewport: { width, height: phone ? 844 : 900 },
        colorScheme: scheme,
        deviceScaleFactor: phone ? 2 : 1,
        ...(phone ? { hasTouch: true, isMobile: true } : {}),
      });
      await visit.until("weights", (v) => v === "pretrained");
      await visit.until("samples", (v) => Number(v) >= 1);
      await button(visit.page, "Train").click();
      await visit.untilStep(100);
      await button(visit.page, "Pause").click();
      await visit.until("state", (v) => v === "paused");
      await visit.page.waitForFunction((tag) => !document.querySelector(tag).store.playback.animating, element);
      const { scroll, view } = await visit.page.evaluate(() => ({ scroll: document.documentElement.scrollWidth, view: document.documentElement.clientWidth }));
      assert.ok(scroll <= view, `the page is ${scroll} px wide in a ${view} px window`);
      await visit.page.screenshot({ path: join(output, `digits-${width}-${scheme}.png`) });
      await visit.page.screenshot({ path: join(output, `digits-${width}-${scheme}-full.png`), fullPage: true });
      assert.deepEqual(visit.problems, []);
    });
  }
}

test("the left column stays in view, whole, while the settings scroll", { timeout: 60_000 }, async () => {
  for (const [width, height] of [[1280, 900], [1280, 700], [900, 600], [1600, 1000]]) {
    const visit = await start("", { viewport: { width, height } });
    await visit.until("samples", (v) => Number(v) >= 1);
    const { top, bottom, apart } = await visit.page.evaluate((tag) => {
      scrollTo(0, 500);
      const root = document.querySelector(tag).renderRoot;
      const box = (selector) => root.querySelector(selector).getBoundingClientRect();
      return { top: box(".left").top, bottom: box(".left").bottom, apart: box(".right").left - box(".left").right };
    }, element);
    assert.ok(top >= 0 && bottom <= height, `at ${width} × ${height} the column reaches from ${top} to ${bottom}`);
    assert.ok(apart > 0, `at ${width} × ${height} the columns are ${apart} px apart`);
    await visit.context.close();
  }
});

test("the band of the loss, and words about it, are there only for usual settings", { timeout: 60_000 }, async () => {
  const visit = await start("&v=1&preset=tiny");
  const { page } = visit;
  const band = page.locator("unnoise-loss-curve").getByText("expected");
  const words = page.getByText("The band in the chart");
  await visit.untilStep(5);
  await band.waitFor();
  await words.waitFor();
  await visit.field("training.batch_size").getByRole("spinbutton").fill("16");
  await visit.field("training.batch_size").getByRole("spinbutton").press("Enter");
  await band.waitFor({ state: "detached" });
  await words.waitFor({ state: "hidden" });
  assert.deepEqual(visit.problems, []);
});

test("reduced motion shows results without playing them", { timeout: 60_000 }, async () => {
  const visit = await start("&v=1&preset=tiny", { reducedMotion: "reduce" });
  await visit.until("samples", (v) => Number(v) >= 2);
  assert.equal(await visit.tool.evaluate((tool) => tool.store.playback.animating || tool.store.playback.position !== 1), false);
});
