// Charts: plain SVG, drawn anew when their width changes. Each has a title, a description, and its values as a table.

const svg = (tag, attributes, ...content) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...content);
  return element;
};

// Round steps for an axis from 0 to at least `most`.
const stepsTo = (most, count) => {
  const rough = Math.max(1, most) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, power * [1, 2, 5, 10].find((factor) => factor * power >= rough));
  const steps = [];
  for (let value = 0; value < most + step; value += step) steps.push(value);
  return steps;
};

// Shortens the text of an element that is wider than there is room; its whole text is in its title.
const fit = (element, room) => {
  const text = element.textContent;
  if (element.getComputedTextLength() <= room) return;
  let length = text.length;
  while (length > 1 && element.getComputedTextLength() > room) {
    length = Math.min(length - 1, Math.floor(length * room / element.getComputedTextLength()));
    element.textContent = `${text.slice(0, length)}…`;
  }
  element.append(svg("title", {}, text));
};

// A chart in a figure; `draw(picture, width)` fills the picture and returns its height.
const chart = ({ id, title, description, draw, legend }) => {
  const picture = svg("svg", { role: "img", "aria-labelledby": `${id}-title ${id}-description` });
  const figure = make("figure", "chart", picture);
  figure.id = id;
  const redraw = (width) => {
    picture.replaceChildren(svg("title", { id: `${id}-title` }, visible(title)), svg("desc", { id: `${id}-description` }, visible(description)));
    const height = draw(picture, width);
    for (const [name, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}` })) picture.setAttribute(name, value);
  };
  if (legend) figure.append(make("figcaption", "", make("ul", "legend", ...legend.map(([name, text]) => make("li", "", make("span", `swatch ${name}`), text)))));
  const width = () => Math.max(200, Math.floor(figure.getBoundingClientRect().width));
  let drawn = 0;
  new ResizeObserver(() => requestAnimationFrame(() => {
    if (width() === drawn) return;
    drawn = width();
    redraw(drawn);
  })).observe(figure);
  return figure;
};

// Lines under a picture: a second sign beside the color.
const hatches = (id) => {
  const hatch = (name, path, size) => svg("pattern", { id: `${id}-${name}`, width: size, height: size, patternUnits: "userSpaceOnUse" },
    svg("rect", { class: `${name} ground`, width: size, height: size }), svg("path", { class: `${name} lines`, d: path }));
  return svg("defs", {}, hatch("reserved", "M-1,1 l2,-2 M0,6 l6,-6 M5,7 l2,-2", 6), hatch("over", "M0,0 l6,6 M-1,5 l2,2 M5,-1 l2,2 M0,6 l6,-6 M-1,1 l2,-2 M5,7 l2,-2", 6));
};

const BAR = 14, LINE = 48;

// Bars of the seats held and reserved by profile, with the licensed number and what is over it.
const seatChart = (rows, description) => chart({
  id: "seat-chart",
  title: "Seats by profile",
  description,
  legend: [["held", "held"], ["reserved", "reserved"], ["over", "over the license"], ["limit", "licensed"],
    ...rows.some((row) => row.extra > 0) ? [["extra", "licensed and extra"]] : []],
  draw(picture, width) {
    const right = 12;
    const most = Math.max(1, ...rows.map((row) => Math.max(row.consumed, row.seats === "unlimited" ? 0 : row.seats + row.extra)));
    const steps = stepsTo(most, width < 500 ? 4 : 8);
    const x = (value) => 1 + (width - right - 1) * value / steps.at(-1);
    const bottom = rows.length * LINE + 6;
    picture.append(hatches("seat-chart"));
    for (const step of steps) {
      const anchor = step === 0 ? "start" : step === steps.at(-1) ? "end" : "middle";
      picture.append(svg("line", { class: "grid", x1: x(step), x2: x(step), y1: 0, y2: bottom }),
        svg("text", { class: "tick", x: step === steps.at(-1) ? width : x(step), y: bottom + 16, "text-anchor": anchor }, number(step)));
    }
    rows.forEach((row, place) => seatBar(picture, row, place * LINE, x, width));
    picture.append(svg("text", { class: "tick", x: width / 2, y: bottom + 34, "text-anchor": "middle" }, "seats"));
    return bottom + 40;
  },
});

function seatBar(picture, row, top, x, width) {
  const value = svg("text", { class: row.over > 0 ? "value over" : "value", x: width, y: top + 20, "text-anchor": "end" }, seatText(row));
  const label = svg("text", { class: "label", x: 1, y: top + 20 }, visible(row.name));
  const group = svg("g", { class: "bar" }, label, value);
  picture.append(group);
  fit(label, width - value.getComputedTextLength() - 16);
  const part = (name, from, to, fill) => {
    if (to <= from) return;
    const shape = { class: name, x: x(from), width: Math.max(2, x(to) - x(from)), y: top + 27, height: BAR };
    if (fill) shape.fill = `url(#seat-chart-${fill})`;
    group.append(svg("rect", shape));
  };
  part("held", 0, row.held);
  part("reserved", row.held, row.consumed, "reserved");
  if (row.over > 0) part("over", row.consumed - row.over, row.consumed, "over");
  if (row.seats === "unlimited") return;
  const mark = (name, at) => group.append(svg("line", { class: name, x1: x(at), x2: x(at), y1: top + 24, y2: top + 30 + BAR }));
  if (row.extra > 0) mark("extra", row.seats + row.extra);
  mark("limit", row.seats);
}

const seatText = (row) => {
  const of = row.seats === "unlimited" ? `${number(row.consumed)}, no limit` : `${number(row.consumed)} of ${counted(row.seats, "seat")}`;
  return row.over > 0 ? `${of}, ${number(row.over)} over` : of;
};

const HEIGHT = 150;

// Lines of the seats used by period, with the licensed line. A period without a license has no licensed number.
const usageChart = (id, name, periods, series, description) => chart({
  id,
  title: `Seats used over time: ${name}`,
  description,
  draw(picture, width) {
    const left = 44, top = 46, right = 8;
    const limits = series.licensed.filter((value) => typeof value === "number");
    const steps = stepsTo(Math.max(1, ...series.highest, ...limits), 4);
    const slot = (width - left - right) / periods.length;
    const x = (place) => left + slot * (place + 0.5);
    const y = (value) => top + HEIGHT * (1 - value / steps.at(-1));
    const title = svg("text", { class: "label", x: 1, y: 16 }, visible(name));
    picture.append(title, svg("text", { class: "tick", x: left - 6, y: top - 12, "text-anchor": "end" }, "seats"));
    fit(title, width - 4);
    for (const step of steps) {
      picture.append(svg("line", { class: "grid", x1: left, x2: width - right, y1: y(step), y2: y(step) }),
        svg("text", { class: "tick", x: left - 6, y: y(step) + 4, "text-anchor": "end" }, number(step)));
    }
    periodTicks(picture, periods, x, slot, top + HEIGHT + 18, width);
    // The licensed number holds for the whole of a period.
    const licensed = series.licensed.map((value, place) => typeof value === "number" ? [[x(place) - slot / 2, y(value)], [x(place) + slot / 2, y(value)]] : null);
    for (const points of runs(licensed)) picture.append(svg("polyline", { class: "line limit", points: points.flat().join(" ") }));
    const through = (values) => values.map((value, place) => `${x(place)},${y(value)}`).join(" ");
    picture.append(svg("polyline", { class: "line mean", points: through(series.mean_thousandths.map((value) => value / 1000)) }),
      svg("polyline", { class: "line highest", points: through(series.highest) }));
    series.highest.forEach((value, place) => picture.append(usageDot(value, series.licensed[place], periodText(periods[place]), x(place), y(value))));
    return top + HEIGHT + 28;
  },
});

// The stretches of a list without null.
const runs = (list) => {
  const found = [[]];
  for (const item of list) {
    if (item !== null) found.at(-1).push(item);
    else if (found.at(-1).length > 0) found.push([]);
  }
  return found.filter((run) => run.length > 0);
};

// A dot; where more was used than licensed, a square.
const usageDot = (value, limit, period, x, y) => {
  const over = typeof limit === "number" && value > limit;
  const title = svg("title", {}, `${period}: ${number(value)} at most${over ? `, ${number(value - limit)} over` : ""}`);
  return over ? svg("rect", { class: "dot over", x: x - 4, y: y - 4, width: 8, height: 8 }, title) : svg("circle", { class: "dot", cx: x, cy: y, r: 3 }, title);
};

// As many periods are named as there is room for.
const periodTicks = (picture, periods, x, slot, y, width) => {
  const every = Math.max(1, Math.ceil(70 / slot));
  periods.forEach((period, place) => {
    if (place % every !== 0) return;
    const text = svg("text", { class: "tick", x: x(place), y, "text-anchor": "middle" }, periodText(period));
    picture.append(text);
    const half = text.getComputedTextLength() / 2;
    text.setAttribute("x", Math.max(half, Math.min(width - half, x(place))));
  });
};

// A period by its month, or by its day if periods are shorter.
const periodText = ([from]) => {
  if (!head.dates) return dayText(from);
  const date = new Date(from);
  const month = MONTHS[date.getUTCMonth()];
  const byMonth = data.usage.periods.some(([start, end]) => end - start > 20 * DAY);
  return byMonth ? `${month} ${date.getUTCFullYear()}` : `${date.getUTCDate()} ${month}`;
};

// A plain table of values, for charts.
const valueTable = (caption, titles, rows) => {
  const cell = (tag, content, place) => {
    const element = make(tag, place > 0 ? "number" : "", ...[content].flat());
    if (tag === "th") element.scope = "col";
    return element;
  };
  const headRow = make("tr", "", ...titles.map((title, place) => cell("th", title, place)));
  const bodyRows = rows.map((row) => {
    const [first, ...rest] = row;
    const label = make("th", "", ...[first].flat());
    label.scope = "row";
    return make("tr", "", label, ...rest.map((content) => cell("td", content, 1)));
  });
  const table = make("table", "values", make("caption", "unseen", caption), make("thead", "", headRow), make("tbody", "", ...bodyRows));
  // It may be wider than the page, and then it scrolls, also by keyboard.
  const holder = make("div", "wide-values", table);
  holder.tabIndex = 0;
  holder.setAttribute("role", "region");
  holder.setAttribute("aria-label", caption);
  return make("details", "as-table", make("summary", "", "Values as a table"), holder);
};
