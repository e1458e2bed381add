// The most used of the studio in Firefox, over WebDriver BiDi: one line of JSON for each step, with its problem.
import puppeteer from "puppeteer-core";

const { executablePath, url, ready, run, path, files, downloads } = JSON.parse(process.argv[2]);
const STUDIO = ".gemini-nb-studio";
const TWO_CLICKS = 400; // milliseconds in which a second click counts as the same
const timeout = 60_000;
const errors = [];
const strangers = [];

const browser = await puppeteer.launch({
  browser: "firefox",
  executablePath,
  headless: true,
  extraPrefsFirefox: {
    "browser.download.folderList": 2,
    "browser.download.dir": downloads,
    "browser.download.alwaysOpenPanel": false,
  },
});
const page = await browser.newPage();
page.setDefaultTimeout(timeout);
page.on("pageerror", ({ message }) => errors.push(message));
page.on("request", (request) => {
  const isOurs = /^(data|blob|about|moz-extension|resource|chrome):/.test(request.url());
  if (!isOurs && new URL(request.url()).host !== new URL(url).host) strangers.push(request.url());
});
await page.setViewport({ width: 1280, height: 1000 });

const call = (source, argument) => page.evaluate(`(${source})(${JSON.stringify(argument)})`);
const until = (test, ...given) => page.waitForFunction(test, { timeout }, ...given);
const text = (selector) => page.$$eval(`${STUDIO} ${selector}`, (all) => all.map((it) => it.textContent));

async function open() {
  await page.goto(url, { timeout });
  await until(() => window.jupyterapp);
  await call(ready, path);
}

async function button(name) {
  const found = await until(
    (root, wanted) =>
      [...document.querySelectorAll(`${root} button`)].find(
        (it) => (it.ariaLabel ?? it.textContent).startsWith(wanted) && it.checkVisibility(),
      ),
    STUDIO,
    name,
  );
  return found.asElement();
}

async function press(name) {
  await new Promise((done) => setTimeout(done, TWO_CLICKS));
  await (await button(name)).click();
}

async function type(prompt) {
  const field = await page.waitForSelector(`${STUDIO} textarea`);
  await field.click();
  await page.evaluate((it) => it.select(), field);
  await page.keyboard.type(prompt);
}

async function pictures(count) {
  await until((wanted) => {
    const all = [...document.querySelectorAll(".gemini-nb-gallery img")];
    return all.length === wanted && all.every((it) => it.complete && it.naturalWidth);
  }, count);
  return page.$$eval(".gemini-nb-gallery img", (all) => all.map((it) => it.alt));
}

const says = (words, role = "status") =>
  until(
    ([selector, wanted]) => document.querySelector(selector).textContent.includes(wanted),
    [`${STUDIO} [role=${role}]`, words],
  );

/** Dispatch a paste or a drop with a file, as its DataTransfer. */
const bring = (kind, name) =>
  page.evaluate(
    async ([root, event, file]) => {
      const canvas = new OffscreenCanvas(30, 20);
      canvas.getContext("2d").fillRect(0, 0, 30, 20);
      const picture = new File([await canvas.convertToBlob()], file, { type: "image/png" });
      const data = new DataTransfer();
      const about = { bubbles: true, cancelable: true, dataTransfer: data };
      const made = event === "paste" ? new ClipboardEvent(event, about) : new DragEvent(event, about);
      (made.clipboardData ?? data).items.add(picture);
      document.querySelector(`${root} textarea`).dispatchEvent(made);
    },
    [STUDIO, kind, name],
  );

const chips = (...names) =>
  until(
    ([root, wanted]) => {
      const found = [...document.querySelectorAll(`${root} .controls li`)].map((it) => it.textContent);
      return found.length === wanted.length && found.every((it, place) => it.includes(wanted[place]));
    },
    [STUDIO, names],
  );

function expect(found, wanted) {
  if (JSON.stringify(found) !== JSON.stringify(wanted))
    throw new Error(`${JSON.stringify(found)} instead of ${JSON.stringify(wanted)}`);
}

const steps = {
  async "Ctrl+Enter makes a picture"() {
    await type("a red fox");
    await page.keyboard.down("Control");
    await page.keyboard.press("Enter");
    await page.keyboard.up("Control");
    expect(await pictures(1), ["a red fox"]);
  },
  async "Generate makes a picture"() {
    await button("Generate");
    await type("a blue whale");
    await press("Generate");
    expect(await pictures(2), ["a blue whale", "a red fox"]);
  },
  async "a click chooses"() {
    await (await page.$(`${STUDIO} .tile:last-child`)).click();
    await until((at) => document.querySelector(at)?.alt === "a red fox", `${STUDIO} .stage img`);
    expect(await pictures(2), ["a red fox", "a blue whale"]);
  },
  async "Enter enlarges and Escape comes back"() {
    await page.keyboard.press("Enter");
    await until(() => document.querySelector(".viewer[open] img")?.naturalWidth === 1024);
    await page.keyboard.press("ArrowRight");
    await until(() => document.querySelector(".viewer img").alt === "a blue whale");
    await page.keyboard.press("Escape");
    await until(() => !document.querySelector(".viewer[open]"));
    expect(await page.evaluate(() => document.activeElement.role), "option");
  },
  async "Download brings the original"() {
    await press("Download");
    await says("is downloaded as a-red-fox.png");
  },
  async "pasted, dropped and uploaded files are sources"() {
    await bring("drop", "dropped.png");
    await chips("dropped.png");
    await bring("paste", "pasted.png");
    await chips("dropped.png", "pasted.png");
    await (await page.$(`${STUDIO} input[type=file]`)).uploadFile(...files);
    await chips("dropped.png", "pasted.png", "photo.png", "words.png");
    await until((at) => document.querySelectorAll(at).length === 1, `${STUDIO} .controls li.problem`);
    for (const left of [3, 2, 1, 0]) {
      await (await button("Remove source")).click();
      await until(
        ([at, count]) => document.querySelectorAll(at).length === count,
        [`${STUDIO} .controls li`, left],
      );
    }
  },
  async "a mask is painted"() {
    await press("Paint mask");
    const canvas = await page.waitForSelector(`${STUDIO} canvas`);
    await canvas.scrollIntoView();
    const { x, y, width, height } = await canvas.boundingBox();
    await page.mouse.move(x + width * 0.3, y + height * 0.3);
    await page.mouse.down();
    await page.mouse.move(x + width * 0.6, y + height * 0.5, { steps: 5 });
    await page.mouse.up();
    await says("Only what is painted over changes in picture 1");
    await type("masked");
    await press("Generate");
    expect((await pictures(3))[0], "masked");
  },
  async "two pictures are compared under a slider"() {
    await press("Compare");
    await press("Slider");
    const handle = await page.waitForSelector(`${STUDIO} .stage input[type=range]`);
    await handle.focus();
    for (let step = 0; step < 5; step++) await page.keyboard.press("ArrowLeft");
    expect(await page.$eval(`${STUDIO} .layers`, (it) => it.style.getPropertyValue("--at")), "45%");
    await press("End comparison");
  },
  async "Stop stops"() {
    await type("held");
    await press("Generate");
    await press("Stop");
    await says("Stopped");
    await button("Generate");
  },
  async "a refusal is an alert"() {
    await type("blocked");
    await press("Generate");
    await says("SAFETY", "alert");
    expect((await pictures(3)).length, 3);
  },
  async "saved, it stands without a kernel"() {
    await page.evaluate(() => jupyterapp.shell.currentWidget.context.save());
    await page.evaluate(() => jupyterapp.shell.currentWidget.sessionContext.shutdown());
    await open();
    await page.evaluate(() => jupyterapp.shell.currentWidget.sessionContext.shutdown());
    expect((await pictures(3)).sort(), ["a blue whale", "a red fox", "masked"]);
    expect(await text(""), []);
  },
  async "no error and no other host"() {
    expect([errors, strangers], [[], []]);
  },
};

await open();
errors.length = 0;
await call(run, 0);
let isBroken = false;
for (const [step, act] of Object.entries(steps)) {
  let problem = isBroken ? "an earlier step failed" : "";
  if (!isBroken)
    await act().catch(
      (error) => ((isBroken = true), (problem = `${error.stack}`.replaceAll(/\n.*node_modules.*/g, ""))),
    );
  console.log(JSON.stringify({ step, problem }));
}
await browser.close();
