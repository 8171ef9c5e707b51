// Tables of any length: a scrolling element in which only the visible rows exist.

const AROUND = 8;
const PRINTED = 1000;
const tables = [];

// A column: `title`, `width` in rem, `cell(row)` returns nodes, `order(row)` a number to sort by, and `texts` with
// `text(row)`, the index of the row's text in it, or -1. `details(row, column)` shows more of a row.
class Table {
  constructor({ id, label, columns, count, details, empty, start, leftOut, otherLeftOut }) {
    Object.assign(this, { id, columns, count, details, label, leftOut: leftOut ?? 0, otherLeftOut: otherLeftOut ?? "" });
    this.sorted = { column: -1, down: false };
    this.kept = null;
    this.ranked = new Map();
    this.indexed = new Map();
    this.all = Uint32Array.from({ length: count }, (_, row) => row);
    this.view = this.all;
    this.active = { row: 0, column: 0 };
    this.first = 0;
    this.build(empty);
    if (start) this.sortBy(start.column, start.down ?? false);
    tables.push(this);
    this.update();
    this.sizes = new ResizeObserver(() => requestAnimationFrame(() => this.draw()));
    this.sizes.observe(this.scroll);
  }

  build(empty) {
    this.table = make("table", "rows");
    this.table.id = `${this.id}-table`;
    this.table.tabIndex = 0;
    this.table.setAttribute("role", "grid");
    this.table.setAttribute("aria-label", this.label);
    this.table.setAttribute("aria-colcount", this.columns.length);
    this.heads = this.columns.map((column, place) => this.headCell(column, place));
    const heads = make("tr", "", ...this.heads);
    heads.setAttribute("aria-rowindex", 1);
    this.above = this.space();
    this.body = make("tbody");
    this.below = this.space();
    this.table.append(this.widths(), make("thead", "", heads), this.above, this.body, this.below);
    this.scroll = make("div", "scroll", this.table);
    this.count_ = make("p", "count");
    this.none = make("p", "empty", empty ?? "No rows.");
    this.printed = make("p", "printed");
    this.element = make("div", "table", this.count_, this.scroll, this.none, this.printed);
    this.scroll.addEventListener("scroll", () => this.draw());
    this.table.addEventListener("keydown", (event) => this.key(event));
    this.table.addEventListener("focus", () => this.draw());
    this.table.addEventListener("blur", () => this.draw());
    this.body.addEventListener("click", (event) => this.click(event));
    // The whole text of a cell that is too narrow, or the whole time.
    this.body.addEventListener("mouseover", ({ target }) => {
      const cell = target.closest("td");
      if (cell !== null) cell.title = cell.querySelector("time")?.title ?? cell.textContent;
    });
  }

  widths() {
    const group = make("colgroup");
    const least = this.columns.reduce((sum, column) => sum + column.width, 0);
    for (const column of this.columns) {
      const col = make("col");
      col.style.width = `${100 * column.width / least}%`;
      group.append(col);
    }
    this.table.style.minWidth = `${least}rem`;
    return group;
  }

  // Stands for the rows above or below; it has no content.
  space() {
    const cell = make("td");
    cell.colSpan = this.columns.length;
    const body = make("tbody", "space", make("tr", "", cell));
    body.setAttribute("aria-hidden", "true");
    return body;
  }

  headCell(column, place) {
    const button = make("button", "", column.title, make("span", "arrow"));
    button.type = "button";
    button.addEventListener("click", () => {
      const again = this.sorted.column === place;
      this.sortBy(place, again && !this.sorted.down);
      this.update();
      say(`Sorted by ${column.title}, ${this.sorted.down ? "descending" : "ascending"}`);
    });
    const cell = make("th", column.number ? "number" : "", button);
    cell.scope = "col";
    cell.title = column.title;
    return cell;
  }

  remove() {
    this.sizes.disconnect();
    this.element.remove();
    tables.splice(tables.indexOf(this), 1);
  }

  // The rank of each row in a column among its values, made once, and the number of ranks.
  ranksIn(place) {
    let found = this.ranked.get(place);
    if (found === undefined) {
      const { order } = this.columns[place];
      const values = Float64Array.from({ length: this.count }, (_, row) => order(row));
      const distinct = Float64Array.from(new Set(values)).sort();
      const rank = new Map();
      distinct.forEach((value, index) => rank.set(value, index));
      found = { ranks: Uint32Array.from(values, (value) => rank.get(value)), size: distinct.length };
      this.ranked.set(place, found);
    }
    return found;
  }

  // The index of each row's text in a column, made once; past the end for no text.
  textsIn(place) {
    let found = this.indexed.get(place);
    if (found === undefined) {
      const { texts, text } = this.columns[place];
      found = Uint32Array.from({ length: this.count }, (_, row) => text(row) < 0 ? texts.size : text(row));
      this.indexed.set(place, found);
    }
    return found;
  }

  sortBy(place, down) {
    this.sorted = { column: place, down };
    const { ranks: rankOf, size } = this.ranksIn(place);
    // Rows are counted into the places of their ranks, those of one rank in their first order.
    const next = new Uint32Array(size + 1);
    for (let row = 0; row < this.count; row += 1) next[down ? size - rankOf[row] : rankOf[row] + 1] += 1;
    for (let rank = 0; rank < size; rank += 1) next[rank + 1] += next[rank];
    this.all = new Uint32Array(this.count);
    for (let row = 0; row < this.count; row += 1) {
      const rank = down ? size - 1 - rankOf[row] : rankOf[row];
      this.all[next[rank]] = row;
      next[rank] += 1;
    }
    this.heads.forEach((cell, other) => {
      if (other === place) cell.setAttribute("aria-sort", down ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    });
  }

  // Keeps the rows that contain every word, and for which `keep` returns true.
  filter(text, keep = null) {
    const words = text.toLowerCase().split(/\s+/u).filter((word) => word !== "");
    this.kept = null;
    if (words.length > 0 || keep !== null) {
      this.kept = new Uint8Array(this.count).fill(1);
      for (const word of words) this.keepWith(word);
      if (keep !== null) for (let row = 0; row < this.count; row += 1) if (this.kept[row] === 1 && !keep(row)) this.kept[row] = 0;
    }
    this.update();
  }

  // Makes what the first filter needs.
  prepare() {
    this.columns.forEach((column, place) => {
      if (column.texts === undefined) return;
      column.texts.prepare();
      this.textsIn(place);
    });
  }

  keepWith(word) {
    const found = new Uint8Array(this.count);
    this.columns.forEach((column, place) => {
      if (column.texts === undefined) return;
      const contains = column.texts.containing(word);
      const index = this.textsIn(place);
      for (let row = 0; row < found.length; row += 1) found[row] |= contains[index[row]];
    });
    for (let row = 0; row < found.length; row += 1) this.kept[row] &= found[row];
  }

  update() {
    const { kept } = this;
    this.view = kept === null ? this.all : this.all.filter((row) => kept[row] === 1);
    this.scroll.scrollTop = 0;
    this.active.row = 0;
    this.table.setAttribute("aria-rowcount", this.view.length + 1);
    const rowsLeft = this.leftOut > 0 ? `; ${counted(this.leftOut, "further row")} not on this page` : "";
    const left = `${rowsLeft}${this.otherLeftOut}`;
    this.count_.textContent = this.view.length === this.count
      ? `${counted(this.count, "row")}${left}`
      : `${number(this.view.length)} of ${counted(this.count, "row")}${left}`;
    const isEmpty = this.view.length === 0;
    this.none.hidden = !isEmpty;
    this.scroll.hidden = this.count === 0;
    this.draw();
    this.changed?.();
  }

  rowHeight() {
    const row = this.body.firstElementChild;
    if (row !== null && row.offsetHeight > 0) this.height = row.offsetHeight;
    return this.height ?? 32;
  }

  draw() {
    const height = this.rowHeight();
    const top = Math.max(0, Math.floor(this.scroll.scrollTop / height) - AROUND);
    const seen = Math.ceil(this.scroll.clientHeight / height) + 2 * AROUND;
    this.render(top, Math.min(this.view.length, top + seen), height);
  }

  render(top, end, height) {
    this.first = top;
    const rows = [];
    for (let place = top; place < end; place += 1) rows.push(this.row(place));
    this.body.replaceChildren(...rows);
    this.above.firstChild.firstChild.style.height = `${top * height}px`;
    this.below.firstChild.firstChild.style.height = `${(this.view.length - end) * height}px`;
    this.above.hidden = top === 0;
    this.below.hidden = end === this.view.length;
    this.markActive();
  }

  row(place) {
    const cells = this.columns.map((column, index) => {
      const cell = make("td", column.number ? "number" : "", ...[column.cell(this.view[place])].flat());
      cell.setAttribute("role", column.heads ? "rowheader" : "gridcell");
      cell.id = `${this.id}-${place}-${index}`;
      return cell;
    });
    const row = make("tr", this.details ? "open" : "", ...cells);
    row.setAttribute("aria-rowindex", place + 2);
    return row;
  }

  markActive() {
    const { row, column } = this.active;
    const id = `${this.id}-${row}-${column}`;
    this.body.querySelector(".active")?.classList.remove("active");
    const cell = document.getElementById(id);
    if (cell === null || document.activeElement !== this.table) {
      this.table.removeAttribute("aria-activedescendant");
      return;
    }
    cell.classList.add("active");
    this.table.setAttribute("aria-activedescendant", id);
  }

  // Scrolls until the active cell is seen.
  reveal() {
    const height = this.rowHeight();
    const headHeight = this.table.tHead.offsetHeight;
    const top = this.active.row * height;
    const room = this.scroll.clientHeight - headHeight;
    if (top < this.scroll.scrollTop) this.scroll.scrollTop = top;
    else if (top + height > this.scroll.scrollTop + room) this.scroll.scrollTop = top + height - room;
    this.draw();
    const cell = document.getElementById(`${this.id}-${this.active.row}-${this.active.column}`);
    if (cell === null) return;
    const { scroll } = this;
    if (cell.offsetLeft < scroll.scrollLeft) scroll.scrollLeft = cell.offsetLeft;
    const right = cell.offsetLeft + cell.offsetWidth;
    if (right > scroll.scrollLeft + scroll.clientWidth) scroll.scrollLeft = Math.min(cell.offsetLeft, right - scroll.clientWidth);
  }

  key(event) {
    if (event.target !== this.table || this.view.length === 0 || event.altKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(this.scroll.clientHeight / this.rowHeight()) - 2);
    const last = this.view.length - 1;
    const { row, column } = this.active;
    const lastColumn = this.columns.length - 1;
    const moves = {
      ArrowDown: [row + 1, column],
      ArrowUp: [row - 1, column],
      ArrowRight: [row, column + 1],
      ArrowLeft: [row, column - 1],
      PageDown: [row + page, column],
      PageUp: [row - page, column],
      Home: event.ctrlKey ? [0, 0] : [row, 0],
      End: event.ctrlKey ? [last, lastColumn] : [row, lastColumn],
    };
    const within = (value, most) => Math.min(most, Math.max(0, value));
    if (event.key in moves) {
      const [nextRow, nextColumn] = moves[event.key];
      this.active = { row: within(nextRow, last), column: within(nextColumn, lastColumn) };
      this.reveal();
    } else if ((event.key === "Enter" || event.key === " ") && this.details) {
      this.details(this.view[row], column);
    } else {
      return;
    }
    event.preventDefault();
  }

  click(event) {
    const cell = event.target.closest("td");
    if (cell === null || getSelection().toString() !== "") return;
    const place = this.first + [...this.body.children].indexOf(cell.parentElement);
    this.active = { row: place, column: cell.cellIndex };
    this.table.focus({ preventScroll: true });
    this.markActive();
    this.details?.(this.view[place], cell.cellIndex);
  }

  // Paper has no scrolling: the first rows of the current filter exist, and the rest are counted.
  print() {
    const end = Math.min(PRINTED, this.view.length);
    this.render(0, end, 0);
    const left = this.view.length - end;
    const filter = this.kept === null ? "" : " that pass the filter";
    this.printed.textContent = left === 0 ? "" :
      `The first ${number(end)} of ${number(this.view.length)} rows${filter} are printed; ${number(left)} are left out.`;
  }
}

const folded = [];
addEventListener("beforeprint", () => {
  for (const table of tables) table.print();
  for (const element of document.querySelectorAll("main details:not([open])")) {
    element.open = true;
    folded.push(element);
  }
});
addEventListener("afterprint", () => {
  for (const table of tables) table.draw();
  for (const element of folded.splice(0)) element.open = false;
});

// A search field and further filters above a table.
const toolbar = (table, hint, controls = []) => {
  const search = make("input");
  search.type = "search";
  search.id = `${table.id}-search`;
  const label = make("label", "", `Filter ${hint}`);
  label.htmlFor = search.id;
  const apply = () => {
    const tests = controls.map((control) => control.test()).filter((test) => test !== null);
    table.filter(search.value, tests.length === 0 ? null : (row) => tests.every((test) => test(row)));
  };
  search.addEventListener("focus", () => table.prepare());
  search.addEventListener("input", apply);
  search.addEventListener("change", () => say(table.count_.textContent));
  for (const control of controls) control.input.addEventListener("change", () => { apply(); say(table.count_.textContent); });
  const element = make("div", "toolbar", make("div", "field wide", label, search), ...controls.map((control) => control.element));
  element.setAttribute("role", "search");
  element.setAttribute("aria-label", `Filters of ${table.label}`);
  if (controls.some((control) => control.test() !== null)) apply();
  return element;
};

// A list of choices; `test(value)` returns a test of rows, or null for all.
const choice = (id, label, options, test) => {
  const input = make("select");
  input.id = id;
  for (const [value, text] of options) {
    const option = make("option", "", visible(text));
    option.value = value;
    input.append(option);
  }
  const caption = make("label", "", label);
  caption.htmlFor = id;
  return { input, element: make("div", "field", caption, input), test: () => test(input.value) };
};
const tick = (id, label, test) => {
  const input = make("input");
  input.type = "checkbox";
  input.id = id;
  const caption = make("label", "", label);
  caption.htmlFor = id;
  return { input, element: make("div", "field tick", input, caption), test: () => input.checked ? test : null };
};
