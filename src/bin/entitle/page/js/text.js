// Elements, texts, numbers and times.

// Every text becomes a text node; no text is ever markup.
const make = (tag, className, ...content) => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...content.flat(2));
  return element;
};

// Characters that cannot be seen, or that change how the text around them is read.
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\u{1bca0}-\u{1bca3}\u{1d173}-\u{1d17a}\u{e0000}-\u{e0fff}]/gu;
const numbered = (character) => `\\u{${character.codePointAt(0).toString(16)}}`;
function visible(text) {
  return text.replace(HIDDEN, numbered);
}

// A name from the data, apart from the direction of the text around it, with hidden characters as their numbers.
const nameOf = (text) => {
  const element = make("bdi");
  let done = 0;
  for (const found of text.matchAll(HIDDEN)) {
    element.append(text.slice(done, found.index), make("span", "mark", numbered(found[0])));
    done = found.index + found[0].length;
  }
  element.append(text.slice(done));
  return element;
};
const codeOf = (text) => make("code", "", nameOf(text));

const number = (value) => value.toLocaleString("en");
const counted = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;
const quantity = (value) => value === "unlimited" ? "no limit" : number(value);

const DAY = 86400000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const LAST_DATE = 8.64e15;
const two = (value) => String(value).padStart(2, "0");

// A day as people write it, or the milliseconds of an example.
const dayText = (millis) => {
  if (!head.dates) return `at ${number(millis)} ms`;
  if (millis > LAST_DATE) return "after all dates";
  const date = new Date(millis);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
};
const fullText = (millis) => {
  if (!head.dates || millis > LAST_DATE) return `${number(millis)} ms since the Unix epoch`;
  return `${new Date(millis).toISOString().slice(0, 19).replace("T", " ")} UTC`;
};
// The time from now, in the largest unit that fits.
const fromNow = (millis) => {
  if (!head.dates || millis > LAST_DATE) return "";
  const away = Math.abs(millis - head.now);
  const units = [[365 * DAY, "year"], [30 * DAY, "month"], [DAY, "day"], [3600000, "hour"], [60000, "minute"]];
  const [unit, word] = units.find(([unit]) => away >= unit) ?? [0, ""];
  if (unit === 0) return "now";
  const span = counted(Math.floor(away / unit), word);
  return millis > head.now ? `in ${span}` : `${span} ago`;
};
const timeOf = (millis, text = dayText(millis)) => {
  const element = make("time", "", text);
  element.title = fullText(millis);
  return element;
};
// The day and, apart from it, the time of the day.
const momentOf = (millis) => head.dates && millis <= LAST_DATE
  ? timeOf(millis, `${dayText(millis)}, ${new Date(millis).toISOString().slice(11, 16)} UTC`)
  : timeOf(millis);

const who = (index) => {
  const kind = principals.kind[index];
  if (kind === EVERYONE) return make("span", "who", "everyone");
  const name = nameOf(names[principals.name[index]]);
  return make("span", "who", kind === USER ? "" : make("span", "tag", KIND_WORDS[kind]), name);
};

// The permissions that were given, and the number of those that they imply.
const setOf = (index) => {
  const text = setText(index);
  return text === "" ? make("span", "muted", "–") : make("span", "", text);
};
const wholeSet = (index) => {
  const { given, all, implied: rest } = setView(index);
  if (all.length === 0) return make("p", "muted", "nothing");
  const isGiven = new Set(given);
  const item = (name) => make("li", isGiven.has(name) ? "" : "muted", name, isGiven.has(name) ? "" : " (implied)");
  const list = make("ul", "chips", ...given.map(item));
  if (rest === 0) return list;
  const more = make("ul", "chips", ...all.filter((name) => !isGiven.has(name)).map(item));
  return make("div", "", list, make("details", "", make("summary", "", `${counted(rest, "implied permission")}`), more));
};

const said = document.getElementById("said");
const say = (text) => { said.textContent = text; };

const dialog = document.getElementById("details");
const showDetails = (title, ...content) => {
  document.getElementById("details-title").replaceChildren(...title);
  document.getElementById("details-body").replaceChildren(...content);
  dialog.showModal();
};
// A click beside the dialog closes it.
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
