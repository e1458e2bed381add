// @ts-check
// The studio in the page: it shows what the kernel says and asks for what somebody wants. All state is the
// kernel's, but for what is being typed, painted or looked at closely.

/**
 * @typedef {{number: number, prompt: string, model: string, facts: string, remarks: string[], name: string,
 *   width: number, height: number, favourite: boolean}} Entry
 * @typedef {{id: string, name: string, number: number, thumbnail: string, problem: string, pinned: boolean,
 *   masked: boolean}} Source
 * @typedef {{label: string, words: string, share: number | null, problem: string}} Take
 * @typedef {{running: boolean, label: string, price: string, status: string, problem: string, hint: string,
 *   undo: string, takes: Take[]}} Work
 * @typedef {{chosen: number, compared: number, comparison: string}} View
 * @typedef {"tile" | "preview" | "original"} Size
 * @typedef {{root: any, model: any, at: (selector: string) => any, ask: (kind: string, details?: object,
 *   buffers?: ArrayBuffer[]) => void, say: (words: string) => void, entries: () => Entry[],
 *   here: (number: number, ...sizes: Size[]) => string,
 *   fetch: (number: number, size: Size) => Promise<{url: string, blob: Blob}>}} Page
 */

const CHUNK = 4 << 20; // bytes in a message: Jupyter's server drops those of more than 10 MB
const TWO_CLICKS = 400; // milliseconds: a second click that soon is the same one
const TYPING = 200; // milliseconds without a key before a setting is told
const BLINK = 700; // milliseconds
const INK = "#e61e78";
const BY_KERNEL = ["again", "save", "cell", "python", "favourite", "remove"]; // what the kernel does with a picture
const OURS = "application/x-gemini-nb"; // a picture of the gallery that is dragged

const HTML = `
<div class="columns">
  <div class="controls">
    <label><span>Prompt</span><textarea data-name="prompt" rows="4"></textarea></label>
    <div class="row"><button class="go" data-do="press"></button><p class="price"></p></div>
    <div role="alert" class="problem"></div>
    <p class="row"><span role="status"></span><button data-do="undo" hidden>Undo</button></p>
    <ul aria-label="Source pictures of the next one"></ul>
    <div class="row end">
      <label><span>Source pictures</span><input class="word" placeholder="variable, file, link or #3"></label>
      <button data-do="add">Add</button><button data-do="browse">Upload</button>
      <input class="files" type="file" multiple accept="image/*" hidden>
    </div>
    <label><span>Model</span><select data-name="model"></select></label>
    <div class="row three">
      <label><span>Aspect ratio</span><select data-name="ratio"></select></label>
      <label><span>Size</span><select data-name="size"></select></label>
      <label><span>Number</span><input data-name="number" type="number" min="1"></label>
    </div>
    <details>
      <summary>More settings</summary>
      <div class="row two">
        <label><span>Search</span><select data-name="search"></select></label>
        <label><span>Thinking</span><select data-name="thinking"></select></label>
        <label><span>Seed</span><input data-name="seed" inputmode="numeric" placeholder="a whole number"></label>
        <label><span>Safety</span><input data-name="safety" placeholder="auto"></label>
      </div>
      <label><span>System instruction</span><textarea data-name="system" rows="2"></textarea></label>
      <label><span>Config</span><input data-name="config" placeholder="temperature=0.4 topK=40"></label>
    </details>
  </div>
  <div class="gemini-nb-gallery">
    <div class="takes"></div>
    <p role="note"></p>
    <p class="empty">No pictures yet. Say what to paint, and press Generate.</p>
    <div class="stage"></div>
    <div class="row mask" role="group" aria-label="Mask" hidden>
      <span>Change only here:</span>
      <button data-tool="brush">Brush</button><button data-tool="eraser">Eraser</button>
      <button data-tool="box">Rectangle</button>
      <label><span>Brush width</span><input class="width" type="range" min="2" max="160" value="40"></label>
      <label><span>Feather</span><input class="feather" type="number" min="0" max="200" value="0"></label>
      <button data-do="back">Take back</button><button data-do="invert">Invert</button>
      <button data-do="clear">Clear mask</button>
    </div>
    <div class="row comparing" role="group" aria-label="Comparison" hidden>
      <button data-way="aside">Side by side</button><button data-way="over">Slider</button>
      <button data-way="blink">Blink</button><button data-do="end">End comparison</button>
    </div>
    <div class="strip" role="listbox" aria-label="Pictures"></div>
    <div class="row actions" role="group" aria-label="The chosen picture">
      <button data-do="enlarge">Enlarge</button><button data-do="download">Download</button>
      <button data-do="edit">Edit this</button><button data-do="paint">Paint mask</button>
      <button data-do="again">Again</button><button data-do="use">Use as source</button>
      <button data-do="compare">Compare</button><button data-do="save">Save</button>
      <button data-do="copy">Copy image</button><button data-do="cell">Copy as cell</button>
      <button data-do="python">Python</button><button data-do="favourite">Favourite</button>
      <button data-do="remove">Remove from here</button>
    </div>
    <div class="source" hidden>
      <label><span></span><textarea readonly spellcheck="false"></textarea></label>
      <button data-do="hide">Close</button>
    </div>
    <div class="row">
      <button data-do="store">From the store…</button><button data-do="keys" aria-label="Keys">?</button>
    </div>
  </div>
</div>
<dialog class="viewer" aria-label="Enlarged picture">
  <div class="row">
    <button data-do="previous">Previous</button><button data-do="next">Next</button>
    <button data-do="nearer">Zoom in</button><button data-do="farther">Zoom out</button>
    <button data-do="fit">Fit</button><button data-do="close">Close</button>
  </div>
  <div class="large" tabindex="0" role="group" aria-label="Picture"><img draggable="false" alt=""></div>
  <p></p>
</dialog>
<dialog class="keys" aria-label="Keys">
  <dl>
    <dt>Ctrl or ⌘ + Enter</dt><dd>generate</dd>
    <dt>↑ ↓ at the ends of the prompt</dt><dd>earlier prompts</dd>
    <dt>← → on the pictures</dt><dd>choose</dd>
    <dt>Enter</dt><dd>enlarge; then + − 0 zoom, ← → go on, Esc closes</dd>
    <dt>Delete</dt><dd>remove from here</dd>
    <dt>Arrows on the mask</dt><dd>move a box, with Shift its size; Enter paints it, Ctrl or ⌘ + Z takes back</dd>
    <dt>?</dt><dd>show these keys</dd>
  </dl>
  <button data-do="close">Close</button>
</dialog>
<dialog class="store" aria-label="From the store">
  <p></p>
  <div class="stored"></div>
  <div class="row">
    <button data-do="recall">Add</button><button data-do="more">More</button><button data-do="close">Close</button>
  </div>
</dialog>`;

/** @param {string} tag @param {object} [properties] @param {...(Node | string)} children @returns {any} */
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Whether keys typed there are text. @param {any} target */
const isText = (target) => target.matches("textarea, select, input:not([type=range], [type=checkbox])");

/** The pictures that the kernel sends, each asked for once. @param {any} model @returns {any} */
function makeLibrary(model) {
  const here = new Map();
  const waiting = new Map();
  const settle = new Map();
  model.on("msg:custom", (/** @type {any} */ message, /** @type {any[]} */ buffers) => {
    if (message.kind !== "picture") return;
    const key = `${message.size} ${message.number}`;
    const blob = new Blob(buffers, { type: message.type });
    if (!message.problem) here.set(key, { blob, url: URL.createObjectURL(blob) });
    const [resolve, reject] = settle.get(key) ?? [];
    if (message.problem) reject?.(new Error(message.problem));
    else resolve?.(here.get(key));
    waiting.delete(key);
  });
  return {
    here: (/** @type {number} */ number, /** @type {Size[]} */ ...sizes) =>
      sizes.map((size) => here.get(`${size} ${number}`)?.url).find(Boolean) ?? "",
    fetch(/** @type {number} */ number, /** @type {Size} */ size) {
      const key = `${size} ${number}`;
      if (here.has(key)) return Promise.resolve(here.get(key));
      if (!waiting.has(key)) {
        waiting.set(key, new Promise((...both) => settle.set(key, both)));
        model.send({ kind: "picture", number, size });
      }
      return waiting.get(key);
    },
    forget() {
      for (const { url } of here.values()) URL.revokeObjectURL(url);
      here.clear();
    },
  };
}

/** Give an image the best that is here, and what is asked for when it comes.
 * @param {Page} page @param {any} image @param {number} number @param {Size} size */
function show(page, image, number, size) {
  image.dataset.number = number;
  const known = page.here(number, size, "preview", "tile");
  if (known && image.src !== known) image.src = known;
  if (page.here(number, size)) return;
  page.fetch(number, size).then(
    ({ url }) => +image.dataset.number === number && (image.src = url),
    (problem) => (image.title = problem.message),
  );
}

/** Send files to the kernel in pieces; it says what became of each. @param {Page} page @param {File[]} files */
async function upload(page, files) {
  for (const file of files) {
    const name = file.name || "pasted.png";
    const about = { id: `${performance.now()} ${name}`, name, size: file.size };
    if (file.size > page.model.get("offer").most_bytes) page.ask("upload", { ...about, last: true });
    else {
      page.say(`Sending ${name} …`);
      for (let at = 0; at === 0 || at < file.size; at += CHUNK) {
        const piece = await file.slice(at, at + CHUNK).arrayBuffer();
        page.ask("upload", { ...about, last: at + CHUNK >= file.size }, [piece]);
      }
    }
  }
}

/** Prompt, button, sources and settings. @param {Page} page */
function makeControls(page) {
  const { root, model, at, ask } = page;
  const named = [...root.querySelectorAll("[data-name]")];
  const fields = Object.fromEntries(named.map((it) => [it.dataset.name, it]));
  const [word, files, list] = [at(".word"), at(".files"), at("ul")];
  let [pressed, typing, recalled, draft] = [-TWO_CLICKS, 0, 0, ""];

  const settings = () => Object.fromEntries(Object.entries(fields).map(([name, { value }]) => [name, value]));
  function tell() {
    clearTimeout(typing);
    model.set("settings", settings());
    model.save_changes();
  }
  /** @param {boolean} running @param {string} label */
  function drawButton(running, label) {
    at(".go").classList.toggle("stop", running);
    const spoken = label.startsWith("Generate") ? "" : "Generate: "; // its name begins so whatever it does
    const words = running ? ["Stop"] : [make("span", { className: "spoken" }, spoken), label];
    at(".go").replaceChildren(...words);
  }
  function drawOffer() {
    const offer = model.get("offer");
    let isChanged = false; // the model does not take what was set
    for (const name of ["model", "ratio", "size", "search", "thinking"]) {
      const { value } = fields[name];
      const options = offer[name].map((/** @type {string[]} */ [it, label]) => new Option(label, it));
      fields[name].replaceChildren(...options);
      fields[name].value = value;
      if (fields[name].selectedIndex >= 0) continue;
      fields[name].selectedIndex = 0;
      isChanged ||= value !== "";
    }
    fields.number.max = offer.most;
    if (isChanged) tell();
  }
  function drawWork() {
    const work = /** @type {Work} */ (model.get("work"));
    drawButton(work.running, work.label);
    at(".price").textContent = work.price;
    const lines = [work.problem, work.hint].filter(Boolean);
    at("[role=alert]").replaceChildren(...lines.map((line) => make("p", {}, line)));
    at("[role=status]").textContent = work.status;
    at("[data-do=undo]").hidden = !work.undo;
  }
  /** @param {Source} source */
  function makeChip({ id, name, number, thumbnail, problem, pinned, masked }) {
    const image = make("img", { alt: "", hidden: !number && !thumbnail });
    if (number) show(page, image, number, "tile");
    else if (thumbnail) image.src = thumbnail;
    const pin = make("button", { title: "Keep it for the prompts to come", ariaPressed: `${pinned}` }, "Pin");
    pin.onclick = () => ask("pin", { id });
    const remove = make("button", { title: "Remove source", ariaLabel: "Remove source" }, "×");
    remove.onclick = () => ask("unsource", { id });
    const remark = make("small", {}, problem || (masked ? "only where painted" : ""));
    const words = make("span", {}, name, remark);
    return make("li", { className: problem ? "problem" : "" }, image, words, pin, remove);
  }
  function drawSources() {
    const sources = /** @type {Source[]} */ (model.get("sources"));
    const edited = sources.find((source) => source.number)?.number;
    fields.prompt.placeholder = edited ? `Say what to change in picture ${edited}` : "Say what to paint";
    list.replaceChildren(...sources.map(makeChip));
  }
  /** Walk through earlier prompts at the ends of what is typed. @param {KeyboardEvent} event */
  function walk(event) {
    const { selectionStart, selectionEnd, value } = fields.prompt;
    const prompts = model.get("prompts");
    const isUp = event.key === "ArrowUp" && selectionEnd === 0;
    const to = isUp ? recalled - 1 : recalled + 1;
    if (!isUp && !(event.key === "ArrowDown" && selectionStart === value.length)) return;
    if (event.shiftKey || to > 0 || to < -prompts.length) return;
    event.preventDefault();
    if (!recalled) draft = value;
    recalled = to;
    fields.prompt.value = to ? prompts.at(to) : draft;
    const place = isUp ? 0 : fields.prompt.value.length;
    fields.prompt.setSelectionRange(place, place);
    tell();
  }
  for (const [name, field] of Object.entries(fields)) {
    field.addEventListener("input", () => {
      clearTimeout(typing);
      typing = setTimeout(tell, TYPING);
      if (name === "prompt") recalled = 0;
    });
    field.addEventListener("change", tell);
  }
  fields.prompt.addEventListener("keydown", walk);
  const actions = {
    press() {
      if (performance.now() - pressed < TWO_CLICKS) return;
      pressed = performance.now();
      if (at(".go").matches(".stop")) return ask("stop");
      clearTimeout(typing);
      ask("generate", { settings: settings() });
      drawButton(true, "");
    },
    add() {
      if (word.value.trim()) ask("source", { word: word.value.trim() });
      word.value = "";
      word.focus();
    },
    browse: () => files.click(),
    undo: () => ask("undo"),
  };
  word.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    if (event.key === "Enter") actions.add();
  });
  files.onchange = () => {
    upload(page, [...files.files]);
    files.value = "";
  };
  for (const [name, draw] of Object.entries({ offer: drawOffer, work: drawWork, sources: drawSources })) {
    draw();
    model.on(`change:${name}`, draw);
  }
  for (const [name, value] of Object.entries(model.get("settings"))) fields[name].value = value;
  /** Ask what to change in a picture. @param {Entry} entry */
  function edit(entry) {
    if ([...fields.model.options].some(({ value }) => value === entry.model))
      fields.model.value = entry.model;
    fields.prompt.value = "";
    fields.prompt.focus();
    tell();
  }
  return { actions, edit };
}

/** The enlarged view. @param {Page} page */
function makeViewer(page) {
  const [dialog, stage] = [page.at(".viewer"), page.at(".large")];
  const image = stage.firstChild;
  let [place, zoom] = [0, 0]; // zoom 0 fits the window, 1 shows a pixel as a pixel
  /** @param {number} factor 0 fits @param {{clientX: number, clientY: number}} [to] the point that stays */
  function scale(factor, to) {
    const { width, height } = page.entries()[place];
    const [box, frame] = [image.getBoundingClientRect(), stage.getBoundingClientRect()];
    const middle = { clientX: frame.x + frame.width / 2, clientY: frame.y + frame.height / 2 };
    const { clientX, clientY } = to ?? middle;
    const [x, y] = [(clientX - box.x) / box.width, (clientY - box.y) / box.height];
    const fits = Math.min(frame.width / width, frame.height / height, 1);
    zoom = factor && Math.min(8, (zoom || fits) * factor);
    if (zoom <= fits) zoom = 0;
    stage.classList.toggle("zoomed", zoom > 0);
    image.style.width = zoom ? `${width * zoom}px` : "";
    stage.scrollTo(x * image.offsetWidth - clientX + frame.x, y * image.offsetHeight - clientY + frame.y);
  }
  /** @param {number} step */
  function go(step) {
    const entries = page.entries();
    place = (place + step + entries.length) % entries.length;
    const { number, prompt, facts } = entries[place];
    image.alt = prompt;
    dialog.lastElementChild.textContent = `${number} · ${facts}`;
    show(page, image, number, "original");
    scale(0);
  }
  /** @type {Record<string, () => void>} */
  const keys = {
    ArrowLeft: () => go(-1),
    ArrowRight: () => go(1),
    "+": () => scale(1.5),
    "=": () => scale(1.5),
    "-": () => scale(1 / 1.5),
    0: () => scale(0),
  };
  dialog.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => keys[event.key]?.());
  stage.addEventListener("wheel", (/** @type {WheelEvent} */ event) => {
    event.preventDefault();
    scale(event.deltaY < 0 ? 1.2 : 1 / 1.2, event);
  });
  stage.onpointerdown = (/** @type {PointerEvent} */ event) => stage.setPointerCapture(event.pointerId);
  stage.onpointermove = (/** @type {PointerEvent} */ event) =>
    stage.hasPointerCapture(event.pointerId) && stage.scrollBy(-event.movementX, -event.movementY);
  const actions = {
    previous: keys.ArrowLeft,
    next: keys.ArrowRight,
    nearer: keys["+"],
    farther: keys["-"],
    fit: keys[0],
  };
  /** @param {number} number */
  function open(number) {
    place = page.entries().findIndex((entry) => entry.number === number);
    dialog.showModal();
    go(0);
  }
  return { actions, open };
}

/** A mask painted over a picture, in the picture's own pixels. @param {Page} page */
function makePainter({ at, ask, say }) {
  const canvas = make("canvas", { tabIndex: 0, role: "img" });
  canvas.ariaLabel = "Mask: paint over what is to change. Arrow keys move a box, Enter paints it.";
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const [panel, brush, feather] = [at(".mask"), at(".width"), at(".feather")];
  let [tool, number, marks, mark] = ["brush", 0, /** @type {any[]} */ ([]), /** @type {any} */ (null)];
  let box = { tool: "box", x: 0, y: 0, w: 0, h: 0 };
  /** Paint a mark, or its end. @param {any} it @param {number} [from] */
  function paint(it, from = 0) {
    const blending = { eraser: "destination-out", invert: "xor" }[/** @type {string} */ (it.tool)];
    context.globalCompositeOperation = blending ?? "source-over";
    context.fillStyle = context.strokeStyle = INK;
    if (it.tool === "invert") context.fillRect(0, 0, canvas.width, canvas.height);
    else if (it.tool === "box") context.fillRect(it.x, it.y, it.w, it.h);
    else {
      context.lineCap = context.lineJoin = "round";
      context.lineWidth = it.width;
      context.beginPath();
      for (const [x, y] of it.points.slice(from)) context.lineTo(x, y);
      context.lineTo(it.points.at(-1)[0] + 0.01, it.points.at(-1)[1]); // one point is a dot
      context.stroke();
    }
    context.globalCompositeOperation = "source-over";
  }
  function draw(withBox = true) {
    for (const it of at(".mask").querySelectorAll("[data-tool]"))
      it.ariaPressed = `${it.dataset.tool === tool}`;
    context.clearRect(0, 0, canvas.width, canvas.height);
    for (const it of marks) paint(it);
    const isFocused = tool === "box" && document.activeElement === canvas;
    const shown = mark?.tool === "box" ? mark : isFocused ? box : null;
    if (!shown || !withBox) return;
    context.lineWidth = Math.max(2, canvas.width / 300);
    context.strokeStyle = INK;
    context.strokeRect(shown.x, shown.y, shown.w, shown.h);
  }
  /** Put a list of marks in place of what was painted, and tell the kernel. @param {any[]} changed */
  async function change(changed) {
    marks = changed;
    if (!marks.length) {
      draw();
      return ask("unmask");
    }
    const mask = new OffscreenCanvas(canvas.width, canvas.height);
    const paper = /** @type {OffscreenCanvasRenderingContext2D} */ (mask.getContext("2d"));
    draw(false);
    paper.drawImage(canvas, 0, 0);
    for (const [blending, colour] of [
      ["source-in", "#fff"],
      ["destination-over", "#000"],
    ]) {
      paper.globalCompositeOperation = /** @type {GlobalCompositeOperation} */ (blending);
      paper.fillStyle = colour;
      paper.fillRect(0, 0, mask.width, mask.height);
    }
    draw();
    const about = { number, feather: +feather.value };
    const blob = await mask.convertToBlob({ type: "image/png" });
    ask("mask", about, [await blob.arrayBuffer()]);
  }
  /** Where the pointer is, in pixels of the picture. @param {PointerEvent} event */
  function find(event) {
    const frame = canvas.getBoundingClientRect();
    const scale = canvas.width / frame.width;
    return [(event.clientX - frame.x) * scale, (event.clientY - frame.y) * scale];
  }
  canvas.onpointerdown = (/** @type {PointerEvent} */ event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    const [x, y] = find(event);
    const width = (brush.value * canvas.width) / canvas.getBoundingClientRect().width;
    mark = tool === "box" ? { tool, x, y, w: 0, h: 0 } : { tool, width, points: [[x, y]] };
    if (tool !== "box") paint(mark);
  };
  canvas.onpointermove = (/** @type {PointerEvent} */ event) => {
    if (mark?.tool === "box") {
      const [x, y] = find(event);
      Object.assign(mark, { w: x - mark.x, h: y - mark.y });
      draw();
    } else if (mark) {
      const from = mark.points.length - 1;
      mark.points.push(...(event.getCoalescedEvents?.() ?? []).map(find), find(event));
      paint(mark, from);
    }
  };
  canvas.onpointerup = canvas.onpointercancel = () => {
    const done = mark;
    mark = null;
    if (done && (done.tool !== "box" || (done.w && done.h))) change([...marks, done]);
  };
  canvas.onfocus = canvas.onblur = () => draw();
  canvas.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const step = Math.max(1, Math.round(canvas.width / 64));
    const x = { ArrowLeft: -step, ArrowRight: step }[event.key] ?? 0;
    const y = { ArrowUp: -step, ArrowDown: step }[event.key] ?? 0;
    const limit = (/** @type {number} */ least, /** @type {number} */ value, /** @type {number} */ most) =>
      Math.min(most, Math.max(least, value));
    if (event.key === "z" && (event.ctrlKey || event.metaKey)) actions.back();
    else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) change([...marks, { ...box }]);
    else if (!x && !y) return;
    else {
      tool = "box";
      if (event.shiftKey) {
        box.w = limit(step, box.w + x, canvas.width - box.x);
        box.h = limit(step, box.h + y, canvas.height - box.y);
      } else {
        box.x = limit(0, box.x + x, canvas.width - box.w);
        box.y = limit(0, box.y + y, canvas.height - box.h);
      }
      draw();
      say(`Box at ${box.x}, ${box.y}: ${box.w} × ${box.h} pixels`);
    }
    event.preventDefault();
    event.stopPropagation();
  });
  feather.onchange = () => marks.length && change(marks);
  const actions = {
    back: () => change(marks.slice(0, -1)),
    invert: () => change([...marks, { tool: "invert" }]),
    clear: () => change([]),
  };
  for (const it of panel.querySelectorAll("[data-tool]"))
    it.onclick = () => {
      tool = it.dataset.tool;
      draw();
    };
  return {
    actions,
    canvas,
    isOver: (/** @type {number} */ it) => !panel.hidden && number === it,
    /** Paint over a picture, or no more. @param {Entry | null} entry */
    open(entry) {
      panel.hidden = !entry;
      if (!entry || entry.number === number) return;
      [number, marks] = [entry.number, []];
      [canvas.width, canvas.height] = [entry.width, entry.height];
      const [w, h] = [Math.round(entry.width / 4), Math.round(entry.height / 4)];
      box = { tool: "box", x: Math.round(1.5 * w), y: Math.round(1.5 * h), w, h };
      draw();
    },
    /** The kernel knows of no mask any more. */
    forget() {
      marks = [];
      draw();
    },
  };
}

/** The pictures: one large or two compared, and all of them small.
 * @param {Page} page @param {any} painter @param {any} viewer */
function makeGallery(page, painter, viewer) {
  const { model, at, ask, entries } = page;
  const [stage, strip] = [at(".stage"), at(".strip")];
  const tiles = new Map();
  let [drawn, blinking] = ["", 0];
  const view = () => /** @type {View} */ (model.get("view"));
  const find = (/** @type {number} */ number) => entries().find((entry) => entry.number === number);
  /** @param {Partial<View>} change */
  function look(change) {
    model.set("view", { ...view(), ...change });
    model.save_changes();
    draw();
  }
  /** @param {number} number */
  function choose(number) {
    const { chosen, compared } = view();
    if (!compared) look({ chosen: number });
    else if (number !== chosen) look({ compared: number });
  }
  /** @param {Entry} entry @param {object} [properties] */
  function makeImage({ number, prompt }, properties = {}) {
    const image = make("img", { alt: prompt, draggable: true, ...properties });
    image.ondragstart = (/** @type {DragEvent} */ event) => event.dataTransfer?.setData(OURS, `#${number}`);
    return image;
  }
  /** A picture and the lines about it. @param {Entry} entry @param {boolean} isPainted */
  function makeFigure(entry, isPainted) {
    const image = makeImage(entry);
    image.ondblclick = () => viewer.open(entry.number);
    image.style.cssText = `aspect-ratio: ${entry.width} / ${entry.height}; --width: ${entry.width}px`;
    show(page, image, entry.number, "preview");
    const words = [`${entry.favourite ? "★ " : ""}${entry.number} · ${entry.facts}`, ...entry.remarks];
    const lines = words.map((line) => make("div", {}, line));
    const picture = make("div", { className: "picture" }, image, ...(isPainted ? [painter.canvas] : []));
    return [picture, make("figcaption", {}, ...lines)];
  }
  /** Two pictures one over the other. @param {any[]} figures @param {string} way @param {Entry} above */
  function makeLayers(figures, way, above) {
    const layers = make("div", { className: `layers ${way}` }, ...figures.map(([picture]) => picture));
    const lines = figures.map(([, words]) => words);
    const turn = () => layers.classList.toggle("turned");
    if (way === "blink") {
      if (!matchMedia("(prefers-reduced-motion: reduce)").matches) blinking = setInterval(turn, BLINK);
      return make("figure", {}, layers, make("button", { onclick: turn }, "The other one"), ...lines);
    }
    const handle = make("input", { type: "range", min: 0, max: 100, value: 50 });
    handle.ariaLabel = `How much of picture ${above.number} is covered, in per cent`;
    handle.oninput = () => layers.style.setProperty("--at", `${handle.value}%`);
    layers.append(handle);
    return make("figure", {}, layers, ...lines);
  }
  function drawStage() {
    const { chosen, compared, comparison } = view();
    const shown = /** @type {Entry[]} */ ([find(chosen), find(compared)].filter(Boolean));
    const isPainted = shown.length === 1 && painter.isOver(chosen);
    if (!isPainted) painter.open(null);
    const state = JSON.stringify([shown, comparison, isPainted]);
    if (state !== drawn) {
      drawn = state;
      clearInterval(blinking);
      const figures = shown.map((entry) => makeFigure(entry, isPainted));
      stage.classList.toggle("pair", shown.length === 2 && comparison === "aside");
      if (shown.length === 2 && comparison !== "aside")
        stage.replaceChildren(makeLayers(figures, comparison, shown[1]));
      else stage.replaceChildren(...figures.map((parts) => make("figure", {}, ...parts)));
    }
    at("[data-do=paint]").ariaPressed = `${isPainted}`;
    at("[data-do=favourite]").ariaPressed = `${shown[0]?.favourite ?? false}`;
    at(".comparing").hidden = shown.length < 2;
    for (const it of at(".comparing").querySelectorAll("[data-way]"))
      it.ariaPressed = `${it.dataset.way === comparison}`;
  }
  /** @param {Entry} entry @param {number} place */
  function drawTile(entry, place) {
    const { chosen, compared } = view();
    const { number, prompt, favourite } = entry;
    const tile = tiles.get(number) ?? make("div", { role: "option", className: "tile" });
    if (!tiles.has(number)) {
      tiles.set(number, tile);
      tile.onclick = () => (choose(number), tile.focus());
      tile.ondblclick = () => viewer.open(number);
    }
    if (strip.children[place] !== tile) strip.insertBefore(tile, strip.children[place] ?? null);
    const isLarge = number === chosen || number === compared; // then its image stands above
    tile.ariaSelected = `${isLarge}`;
    tile.tabIndex = number === chosen ? 0 : -1;
    tile.ariaLabel = tile.title = `${favourite ? "★ " : ""}${number} · ${prompt}`;
    tile.classList.toggle("favourite", favourite);
    const url = page.here(number, "tile");
    tile.style.backgroundImage = isLarge && url ? `url(${url})` : "";
    if (isLarge) tile.replaceChildren();
    else if (!tile.firstChild) tile.append(makeImage(entry, { loading: "lazy" }));
    if (tile.firstChild) show(page, tile.firstChild, number, "tile");
    else if (!url) page.fetch(number, "tile").then(draw, () => {});
  }
  function draw() {
    const any = entries().length > 0;
    const { chosen, compared } = view();
    const hadFocus = strip.contains(document.activeElement);
    at("[role=note]").textContent = model.get("note");
    at(".empty").hidden = any || model.get("work").takes.length > 0;
    stage.hidden = strip.hidden = at(".actions").hidden = !any;
    drawStage();
    for (const [number, tile] of tiles) if (!find(number)) (tile.remove(), tiles.delete(number));
    entries().forEach(drawTile);
    if (hadFocus) tiles.get(compared || chosen)?.focus({ preventScroll: true });
  }
  /** @param {Take} take */
  function makeTake({ label, words, share, problem }) {
    const bar = make("progress", { max: 1, ariaLabel: label, hidden: problem !== "" });
    if (share !== null) bar.value = share;
    const parts = [make("strong", {}, label), bar, make("span", {}, problem || words)];
    return make("div", { className: problem ? "take problem" : "take" }, ...parts);
  }
  function drawTakes() {
    const { takes } = model.get("work");
    at(".empty").hidden = entries().length > 0 || takes.length > 0;
    at(".takes").replaceChildren(...takes.map(makeTake));
  }
  /** @param {(entry: Entry) => any} act */
  const withChosen = (act) => async () => {
    const entry = find(view().chosen);
    if (entry) await act(entry);
  };
  const asking = (/** @type {string} */ kind) => withChosen(({ number }) => ask(kind, { number }));
  /** @param {Blob} blob */
  async function toPNG(blob) {
    if (blob.type === "image/png") return blob;
    const bitmap = await createImageBitmap(blob);
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
    return canvas.convertToBlob({ type: "image/png" });
  }
  const actions = {
    enlarge: withChosen(({ number }) => viewer.open(number)),
    download: withChosen(async ({ number, name }) => {
      const { url } = await page.fetch(number, "original");
      make("a", { href: url, download: name }).click();
      page.say(`Picture ${number} is downloaded as ${name}.`);
    }),
    copy: withChosen(async ({ number }) => {
      if (!navigator.clipboard?.write) throw new Error("This page may not use the clipboard. Use Download.");
      const png = page.fetch(number, "original").then(({ blob }) => toPNG(blob));
      await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
      page.say(`Picture ${number} is copied.`);
    }),
    paint: withChosen((entry) => {
      const isOver = painter.isOver(entry.number);
      painter.open(isOver ? null : entry);
      look(isOver ? {} : { compared: 0 });
      if (!isOver) painter.canvas.focus();
    }),
    use: withChosen(({ number }) => ask("source", { word: `#${number}` })),
    compare: withChosen(({ number }) => {
      const other = entries().find((entry) => entry.number !== number);
      if (!other) throw new Error("There is no other picture to compare it with yet.");
      look({ compared: view().compared ? 0 : other.number });
      page.say(view().compared ? "Choose another picture to compare it with." : "");
    }),
    end: () => look({ compared: 0 }),
    ...Object.fromEntries(BY_KERNEL.map((kind) => [kind, asking(kind)])),
  };
  for (const it of at(".comparing").querySelectorAll("[data-way]"))
    it.onclick = () => look({ comparison: it.dataset.way });
  strip.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const { chosen, compared } = view();
    const order = entries().map((entry) => entry.number);
    const place = order.indexOf(compared || chosen);
    const to = { ArrowRight: place + 1, ArrowLeft: place - 1, Home: 0, End: order.length - 1 }[event.key];
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) viewer.open(compared || chosen);
    else if (event.key === "Delete") asking("remove")();
    else if (to === undefined) return;
    else if (order[to]) {
      choose(order[to]);
      tiles.get(order[to]).focus();
    }
    event.preventDefault();
  });
  model.on("change:entries change:view change:note", draw);
  model.on("change:work", drawTakes);
  model.on("change:sources", () => {
    if (!model.get("sources").some((/** @type {Source} */ it) => it.masked)) painter.forget();
  });
  drawTakes();
  draw();
  return { actions, chosen: () => find(view().chosen) };
}

/** Pictures of the store that are not here, to choose from. @param {Page} page */
function makeStore({ model, at, ask }) {
  const [dialog, list] = [at(".store"), at(".stored")];
  let next = 0;
  model.on("msg:custom", (/** @type {any} */ message, /** @type {any[]} */ buffers) => {
    if (message.kind !== "store") return;
    message.pictures.forEach((/** @type {any} */ { digest, prompt, facts }, /** @type {number} */ place) => {
      const src = URL.createObjectURL(new Blob([buffers[place]], { type: "image/webp" }));
      const image = make("img", { alt: prompt, src, onload: () => URL.revokeObjectURL(src) });
      const box = make("input", { type: "checkbox", value: digest });
      list.append(make("label", { title: `${prompt}\n${facts}` }, box, image));
    });
    next = message.next;
    at("[data-do=more]").hidden = !next;
    const words = ["The store has no other pictures.", "Choose what comes into this notebook."];
    dialog.firstElementChild.textContent = message.problem ?? words[+(list.children.length > 0)];
  });
  return {
    store() {
      list.replaceChildren();
      dialog.firstElementChild.textContent = "Reading the store …";
      dialog.showModal();
      ask("store", { page: 0 });
    },
    more: () => ask("store", { page: next }),
    recall() {
      ask("recall", { digests: [...list.querySelectorAll(":checked")].map(({ value }) => value) });
      dialog.close();
    },
  };
}

/** Pictures that are dropped or pasted become sources. @param {Page} page */
function takeDrops(page) {
  const { root, ask } = page;
  /** @param {Event} event */
  const take = (event) => (event.preventDefault(), event.stopPropagation());
  root.addEventListener("paste", (/** @type {ClipboardEvent} */ event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) (take(event), upload(page, files));
  });
  root.addEventListener("dragover", (/** @type {DragEvent} */ event) => {
    const types = event.dataTransfer?.types ?? [];
    if (!["Files", OURS, "text/uri-list"].some((type) => types.includes(type))) return;
    take(event);
    root.classList.add("over");
  });
  root.addEventListener("dragleave", () => root.classList.remove("over"));
  root.ondrop = (/** @type {DragEvent} */ event) => {
    root.classList.remove("over");
    const data = /** @type {DataTransfer} */ (event.dataTransfer);
    const word = data.getData(OURS) || (data.files.length ? "" : data.getData("text/uri-list"));
    if (word) (take(event), ask("source", { word }));
    else if (data.files.length) (take(event), upload(page, [...data.files]));
  };
}

/** Where what has the focus goes away, such as a chip or Undo, give it to what comes in its place.
 * @param {HTMLElement} root */
function keepFocus(root) {
  const fields = "button, input, select, textarea, summary, canvas, [tabindex='0']";
  const stops = () =>
    /** @type {any[]} */ ([...root.querySelectorAll(fields)]).filter((it) => it.checkVisibility());
  let [focused, place] = [/** @type {any} */ (null), 0];
  root.addEventListener("focusin", (event) => {
    focused = event.target;
    place = stops().indexOf(focused);
  });
  // Somebody has gone elsewhere if it is still there.
  const forget = () => root.contains(document.activeElement) || (focused = null);
  root.addEventListener("focusout", () => setTimeout(forget));
  const observer = new MutationObserver(() => {
    const active = document.activeElement;
    if (!focused || focused.checkVisibility() || (active !== focused && root.contains(active))) return;
    const all = stops();
    all[Math.min(place, all.length - 1)]?.focus();
  });
  observer.observe(root, { childList: true, subtree: true, attributeFilter: ["hidden"] });
}

/** The whole studio, and what takes it away. @param {any} model */
function start(model) {
  const ending = new AbortController();
  const root = make("div", { className: "gemini-nb-studio jp-OutputArea-output", innerHTML: HTML });
  const at = (/** @type {string} */ selector) => root.querySelector(selector);
  const library = makeLibrary(model);
  /** @type {Page} */
  const page = {
    ...library,
    root,
    model,
    at,
    ask: (kind, details = {}, buffers = []) => model.send({ kind, ...details }, undefined, buffers),
    say: (words) => (at("[role=status]").textContent = words),
    entries: () => [...model.get("entries")].reverse(), // the newest first
  };
  const [painter, viewer, controls] = [makePainter(page), makeViewer(page), makeControls(page)];
  const gallery = makeGallery(page, painter, viewer);
  /** @type {Record<string, (event: Event) => any>} */
  const actions = {
    ...Object.assign({}, controls.actions, viewer.actions, painter.actions, gallery.actions, makeStore(page)),
    edit() {
      const entry = gallery.chosen();
      if (entry) (page.ask("edit", { number: entry.number }), controls.edit(entry));
    },
    keys: () => at(".keys").showModal(),
    hide: () => (at(".source").hidden = true),
    close: ({ target }) => /** @type {Element} */ (target).closest("dialog")?.close(),
  };
  root.addEventListener("click", async (/** @type {any} */ event) => {
    if (event.target.tagName === "DIALOG") event.target.close();
    try {
      await actions[event.target.closest("[data-do]")?.dataset.do]?.(event);
    } catch (problem) {
      page.say(/** @type {Error} */ (problem).message);
    }
  });
  for (const button of root.querySelectorAll("button")) button.type = "button";
  takeDrops(page);
  keepFocus(root);
  model.on("msg:custom", (/** @type {any} */ { kind, label, text }) => {
    if (kind !== "text") return;
    const area = at(".source textarea");
    at(".source span").textContent = label;
    area.value = text;
    area.rows = Math.min(16, text.split("\n").length + 1);
    at(".source").hidden = false;
    area.select();
    navigator.clipboard?.writeText(text).catch(() => {}); // it is shown too
  });
  model.on("comm_live_update", () => page.say("The kernel has stopped. Run this cell again."));
  /** @param {any} event */
  function onKey(event) {
    if (!root.contains(event.target)) return;
    const isCommand = event.ctrlKey || event.metaKey;
    // Letters on a button would be the notebook's commands, and Ctrl + S should stay one.
    event.target.toggleAttribute("data-lm-suppress-shortcuts", !isCommand && !isText(event.target));
    if (event.key === "?" && !isText(event.target)) actions.keys(event);
    if (event.key !== "Enter" || !isCommand) return;
    event.preventDefault();
    event.stopPropagation();
    actions.press(event);
  }
  addEventListener("keydown", onKey, { signal: ending.signal, capture: true });
  let home = /** @type {Element | null} */ (null);
  /** Stand where the saved output is, which is hidden as long as the studio lives. */
  function mount() {
    const saved = `.gemini-nb-gallery[data-gemini-nb-studio="${model.get("studio_id")}"]`;
    for (const gallery of document.querySelectorAll(saved)) {
      const notebook = gallery.closest(".jp-NotebookPanel");
      home ??= notebook;
      if (notebook !== home) {
        if (!home?.isConnected) return end(); // it was closed, and stands there again without this studio
        continue;
      }
      const output = gallery.closest(".jp-OutputArea-output");
      if (!output && !root.isConnected) continue; // an output that is drawn anew with each change
      gallery.classList.replace("gemini-nb-gallery", "gemini-nb-saved");
      (output ?? gallery).classList.add("gemini-nb-behind");
      if (output && root.parentNode !== output.parentNode) output.after(root);
    }
  }
  const observer = new MutationObserver(mount);
  observer.observe(document.body, { childList: true, subtree: true });
  mount();
  function end() {
    ending.abort();
    observer.disconnect();
    library.forget();
    for (const output of root.parentNode?.querySelectorAll(".gemini-nb-behind") ?? []) {
      output.classList.remove("gemini-nb-behind");
      output.querySelector(".gemini-nb-saved")?.classList.replace("gemini-nb-saved", "gemini-nb-gallery");
    }
    root.remove();
  }
  return { root, end };
}

export default () => {
  /** @type {any} */
  let studio;
  return {
    initialize: (/** @type {{model: any}} */ { model }) => (studio = start(model)).end,
    /** Front ends whose outputs stand in pages of their own give it a place. */
    render: (/** @type {{el: HTMLElement}} */ { el }) => studio.root.isConnected || el.append(studio.root),
  };
};
