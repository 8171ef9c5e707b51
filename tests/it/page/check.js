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
  const nameOf = (element) => `${element.tagName.toLowerCase()} ${element.id || element.closest("[id]").id} ${element.textContent.trim().slice(0, 30)}`;
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
  return { contrasts, shapes, cut, focusable, nameOf, outlined, time, search, choose, table, rows, count, sort, scroll, active, values };
})();
true;
