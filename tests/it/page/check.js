// What the tests ask of a page. It runs beside the page's own script and reads only what people see.
window.check = (() => {
  const isShown = (element) => element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0;
  const unseen = (element) => element.closest(".unseen, .skip") !== null;
  const parse = (color) => {
    const [red, green, blue, alpha = 1] = color.match(/[\d.]+/gu).map(Number);
    return { red, green, blue, alpha };
  };
  const luminance = ({ red, green, blue }) => {
    const part = (value) => value <= 10.31475 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue);
  };
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };
  const ground = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.alpha === 1) return color;
      if (color.alpha > 0) throw new Error(`a background of ${at.tagName} is half transparent`);
    }
    return parse(getComputedStyle(document.documentElement).backgroundColor);
  };
  const describe = (element) => `${element.tagName.toLowerCase()}${element.id ? `#${element.id}` : ""}${element.classList.length > 0 ? `.${[...element.classList].join(".")}` : ""}: ${element.textContent.trim().slice(0, 40)}`;

  // Every text with less than 4.5:1 to its background, and the number of those that were measured.
  const contrasts = (root) => {
    const poor = [];
    let measured = 0;
    const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement;
      if (node.data.trim() === "" || !isShown(element) || unseen(element) || ["TITLE", "DESC", "SCRIPT", "STYLE"].includes(element.tagName.toUpperCase())) continue;
      const style = getComputedStyle(element);
      const color = parse(element.namespaceURI.endsWith("svg") ? style.fill : style.color);
      const ratio = contrast(color, ground(element));
      measured += 1;
      if (!(ratio >= 4.5)) poor.push(`${describe(element)} has ${ratio.toFixed(2)}`);
    }
    return { poor, measured };
  };

  // Shapes that carry values, with less than 3:1 to their background.
  const shapes = () => {
    const poor = [];
    for (const shape of document.querySelectorAll("figure.chart :is(rect.held, rect.dot, circle.dot, polyline, line.limit)")) {
      const style = getComputedStyle(shape);
      const paint = style.fill === "none" || shape.tagName === "polyline" || shape.tagName === "line" ? style.stroke : style.fill;
      const ratio = contrast(parse(paint), ground(shape.closest("figure")));
      if (!(ratio >= 3)) poor.push(`${shape.tagName}.${shape.getAttribute("class")} has ${ratio.toFixed(2)}`);
    }
    return poor;
  };

  // What is wider than the page, and texts of which a part is hidden with nothing to show it.
  const cut = () => {
    const found = [];
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth > width) found.push(`the page is ${document.documentElement.scrollWidth} wide, the window ${width}`);
    for (const element of document.querySelectorAll("body *")) {
      if (!isShown(element) || unseen(element) || element.closest("dialog") !== null) continue;
      const style = getComputedStyle(element);
      const box = element.getBoundingClientRect();
      const scrolls = element.closest(".scroll, .wide-values") !== null;
      if (!scrolls && (box.right > width + 1 || box.left < -1)) found.push(`${describe(element)} reaches from ${box.left} to ${box.right} of ${width}`);
      const hides = ["hidden", "clip"].includes(style.overflowX) && element.scrollWidth > element.clientWidth + 1;
      // A cell that is too narrow says so with dots, and its title and details have the whole text.
      element.dispatchEvent(new MouseEvent("mouseover", { bubbles: true }));
      const says = style.textOverflow === "ellipsis" && (element.title !== "" || element.closest("th")?.title !== "");
      if (hides && !says && !(element instanceof SVGElement)) found.push(`${describe(element)} is cut`);
    }
    for (const text of document.querySelectorAll("figure.chart text")) {
      const box = text.getBoundingClientRect();
      const picture = text.closest("svg").getBoundingClientRect();
      if (box.left < picture.left - 1 || box.right > picture.right + 1 || box.bottom > picture.bottom + 1 || box.top < picture.top - 1) found.push(`${text.textContent} is outside its chart`);
    }
    return found;
  };

  const focusable = () => [...document.querySelectorAll("a[href], button, input, select, summary, [tabindex='0']")].filter((element) => isShown(element) && element.closest("dialog") === null);
  const nameOf = (element) => `${element.tagName.toLowerCase()} ${element.id || (element.closest("[id]")?.id ?? "")} ${element.textContent.trim().slice(0, 30)}`;
  // True if the focused element, or the box around a focused table, has a visible outline.
  const outlined = () => {
    const element = document.activeElement;
    const drawn = [element, element.closest(".scroll")].filter((box) => box !== null).map((box) => getComputedStyle(box));
    return drawn.some((style) => style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2);
  };

  // Runs an action and lays the page out; returns the milliseconds.
  const time = (action) => {
    const start = performance.now();
    action();
    document.body.getBoundingClientRect();
    return performance.now() - start;
  };
  const search = (id, text) => {
    const input = document.getElementById(`${id}-search`);
    input.value = text;
    input.dispatchEvent(new InputEvent("input", { bubbles: true }));
  };
  const choose = (id, value) => {
    const input = document.getElementById(id);
    if (input.type === "checkbox") input.checked = value;
    else input.value = value;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const table = (id) => document.getElementById(`${id}-table`);
  const rows = (id) => [...table(id).tBodies[1].rows].map((row) => [...row.cells].map((cell) => cell.textContent));
  const count = (id) => table(id).closest(".table").querySelector(".count").textContent;
  const sort = (id, place) => table(id).querySelectorAll("thead button")[place].click();
  const scroll = (id, top) => {
    const box = table(id).closest(".scroll");
    box.scrollTop = top;
    box.dispatchEvent(new Event("scroll"));
    return { top: box.scrollTop, height: box.scrollHeight, room: box.clientHeight };
  };
  const active = (id) => {
    const cell = document.getElementById(table(id).getAttribute("aria-activedescendant"));
    if (cell === null) return null;
    const box = cell.getBoundingClientRect();
    const around = table(id).closest(".scroll").getBoundingClientRect();
    const head = table(id).tHead.getBoundingClientRect();
    return { text: cell.textContent, row: Number(cell.parentElement.getAttribute("aria-rowindex")), column: cell.cellIndex, seen: box.top >= head.bottom - 1 && box.bottom <= around.bottom + 1 };
  };
  const values = (id) => [...document.querySelectorAll(`#${id} .values tbody tr`)].map((row) => [...row.cells].map((cell) => cell.textContent));

  // Bars, limits and over-use are as long as the values that stand beside them.
  const bars = () => {
    const picture = document.querySelector("#seat-chart svg");
    const scale = picture.viewBox.baseVal.width - 13;
    const last = Number([...picture.querySelectorAll(".tick")].at(-2).textContent.replaceAll(",", ""));
    const seats = (length) => Math.round(length * last / scale * 100) / 100;
    const length = (bar, name) => seats(Number(bar.querySelector(`rect.${name}`)?.getAttribute("width") ?? 0));
    const mark = (bar, name) => bar.querySelector(`line.${name}`) === null ? null : seats(bar.querySelector(`line.${name}`).x1.baseVal.value - 1);
    return [...picture.querySelectorAll("g.bar")].map((bar) => ({
        profile: bar.querySelector(".label").textContent, text: bar.querySelector(".value").textContent,
        held: length(bar, "held"), reserved: length(bar, "reserved"), over: length(bar, "over"), limit: mark(bar, "limit"), extra: mark(bar, "extra"),
    }));
  };

  // Points of the lines as values, from the labels of the axis.
  const lines = () => {
    return [...document.querySelectorAll("#usage figure.chart svg")].map((picture) => {
        const ticks = [...picture.querySelectorAll("text.tick")].filter((tick) => tick.getAttribute("text-anchor") === "end" && tick.textContent !== "seats");
        const at = (tick) => [Number(tick.textContent), Number(tick.getAttribute("y")) - 4];
        const [[low, bottom], [high, top]] = [at(ticks[0]), at(ticks.at(-1))];
        const value = (y) => Math.round((low + (bottom - y) / (bottom - top) * (high - low)) * 1000) / 1000;
        const points = (name) => [...picture.querySelectorAll(`polyline.${name}`)].flatMap((line) => [...line.points].map((point) => value(point.y)));
        return { label: picture.querySelector(".label").textContent, highest: points("highest"), mean: points("mean"), limit: points("limit"),
            dots: picture.querySelectorAll(".dot").length, over: picture.querySelectorAll(".dot.over").length };
    });
  };

  // Filters and sorts, each for the first time on this page, with the milliseconds until the table is laid out anew.
  const times = () => {
    const took = {};
    const timed = (name, action) => { took[name] = check.time(action); };
    document.getElementById("access-search").dispatchEvent(new Event("focus"));
    ["user 1", "p 27", "user 249 p 399", "run", "nothing like it", ""].forEach((text) => timed(`filter ${text}`, () => check.search("access", text)));
    ["Who", "Profile", "Resource", "Allowed", "Withheld", "Ends"].forEach((title, place) => {
        timed(`sort ${title}`, () => check.sort("access", place));
        timed(`sort ${title} down`, () => check.sort("access", place));
    });
    timed("filter and sort", () => check.search("access", "user 2 read"));
    timed("withheld", () => check.choose("access-withheld", true));
    timed("kind", () => check.choose("access-kind", "1"));
    timed("matrix", () => check.choose("access-view", "matrix"));
    return took;
  };

  // All texts of the page, those of the details of every row included.
  const texts = () => {
    const texts = [];
    check.choose("access-rows", "all");
    for (const id of ["access", "ends", "commits"]) {
        for (const row of check.table(id).tBodies[1].rows) {
            row.cells[0].click();
            const dialog = document.getElementById("details");
            if (dialog.open) texts.push(dialog.innerText);
            dialog.close();
        }
    }
    for (const details of document.querySelectorAll("details")) details.open = true;
    texts.push(document.body.innerText);
    return texts.join("\n");
  };

  // What is in the document while the page is printed.
  const watchPrinting = () => {
    window.printed = null;
    addEventListener("beforeprint", () => {
        window.printed = { rows: check.table("access").tBodies[1].rows.length, note: document.querySelector("#access .printed").textContent,
            changes: check.table("commits").tBodies[1].rows.length, open: [...document.querySelectorAll("main details")].every((details) => details.open) };
    });
  };

  return { contrasts, shapes, cut, focusable, nameOf, outlined, time, search, choose, table, rows, count, sort, scroll, active, values, bars, lines, times, texts, watchPrinting };
})();
true;
