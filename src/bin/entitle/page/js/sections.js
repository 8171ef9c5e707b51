// The sections of the page, from top to bottom.

const main = document.querySelector("main");
const contents = document.getElementById("contents");
const section = (id, title, ...content) => {
  const heading = make("h2", "", title);
  heading.id = `${id}-title`;
  const element = make("section", "", heading, ...content.flat());
  element.id = id;
  element.setAttribute("aria-labelledby", heading.id);
  main.append(element);
  const link = make("a", "", title);
  link.href = `#${id}`;
  contents.append(make("li", "", link));
};
const none = (text) => make("p", "empty", text);

const counting = data.seats.profiles.filter((profile) => !profile.exempt);
const licensed = head.license !== null;

const licenseText = () => {
  if (!licensed) return "no license";
  const end = head.license.expires_at;
  return `license ${head.phase}${end === undefined || end === null ? "" : `, until ${dayText(end)}`}`;
};

const headline = () => {
  const title = licensed ? head.license.name : head.source;
  document.title = `${visible(title)}: seats and access`;
  document.getElementById("title").replaceChildren(nameOf(title));
  const source = licensed && head.source !== head.license.name ? [nameOf(head.source), " · "] : [];
  const overdue = head.overdue ? " · what has ended since is still shown" : "";
  document.getElementById("subtitle").replaceChildren(...source, `revision ${number(head.revision)} · `, momentOf(head.at), `${overdue} · ${licenseText()}`);
};

const SOON = 30 * DAY;
const isSoon = (end) => end.until >= head.now && end.until - head.now <= SOON && end.what !== "license_starts";

const figure = (term, value, note, className) => make("div", className ?? "", make("dt", "", term), make("dd", "", make("span", "figure", value), note === "" ? "" : make("span", "note", note)));

const users = Object.values(head.users).reduce((sum, count) => sum + count, 0);
const userNote = Object.entries(head.users).filter(([status]) => status !== "active").map(([status, count]) => `${number(count)} ${status}`).join(", ");

const keyFigures = () => {
  const { sums, total } = data.seats;
  const offered = counting.filter((row) => row.offered);
  const unlimited = offered.some((row) => row.seats === "unlimited");
  const seats = offered.reduce((sum, row) => sum + (row.seats === "unlimited" ? 0 : row.seats), 0);
  const limit = total.cap !== "unlimited" ? `of ${number(total.cap)} in all` : unlimited || !licensed ? "no limit in all" : `of ${number(seats)} licensed`;
  const ends = data.ending.rows.filter(isSoon).length;
  const figures = [
    figure("Seats used", number(sums.consumed), limit),
    figure("Over the license", number(sums.over), sums.over === 0 ? "every profile is within it" : "more than licensed", sums.over === 0 ? "" : "alert"),
    figure("Waiting", number(sums.waiting), sums.placed === 0 ? "for a seat" : `and ${number(sums.placed)} placed on another`),
    figure("Users", number(users), userNote),
    figure("Groups", number(head.groups), ""),
    figure("Resources", number(head.resources), head.keys === 0 ? "" : counted(head.keys, "key")),
    figure(head.dates ? "Ends within 30 days" : "Ends", number(head.dates ? ends : data.ending.rows.length), "access, invitations, licenses"),
  ];
  const lower = data.advice.rows.length + data.advice.left_out;
  figures.push(figure("Lower profile is enough", number(lower), lower === 1 ? "user" : "users"));
  document.getElementById("figures").append(...figures);
};

const seatSection = () => {
  const all = data.seats.profiles;
  if (all.length === 0) return section("seats", "Seats", none("The catalog declares no profiles."));
  const table = valueTable("Seats by profile",
    ["Profile", "Licensed", "Extra", "Held", "Reserved", "Used", "Free", "Over", "Waiting", "Placed", "Peak", "Seat days"],
    all.map((row) => [
      [nameOf(row.name), row.exempt ? make("span", "tag", "no seat needed") : "", row.offered ? "" : make("span", "tag", "not offered")],
      row.exempt ? "–" : quantity(row.seats), number(row.extra), number(row.held), number(row.reserved), number(row.consumed),
      row.exempt ? "–" : quantity(row.available), number(row.over), number(row.waiting), number(row.placed),
      row.peak === 0 ? "0" : [`${number(row.peak)} `, make("span", "muted", timeOf(row.peak_at))], number(Math.floor(row.seat_ms / DAY)),
    ]));
  const shown = counting.filter((row) => row.consumed > 0 || row.offered);
  const picture = shown.length === 0 ? none("No profile needs a seat.") :
    seatChart(shown, shown.map((row) => `${row.name}: ${seatText(row)}`).join("; "));
  section("seats", "Seats", picture, table);
};

const usageSection = () => {
  if (!data.usage) return;
  const { periods, profiles: of } = data.usage;
  if (periods.length === 0) return section("usage", "Usage over time", none("There is no history yet."));
  const legend = make("ul", "legend", ...[["line-highest", "most seats used"], ["line-mean", "mean"], ["line-limit", "licensed"], ["dot-over", "over the license"]]
    .map(([name, text]) => make("li", "", make("span", `swatch ${name}`), text)));
  const pictures = of.map((series, place) => usageChart(`usage-chart-${place}`, series.profile ?? "all counted profiles", periods, series,
    periods.map((period, at) => `${periodText(period)}: at most ${number(series.highest[at])}, licensed ${series.licensed[at] === null ? "nothing" : quantity(series.licensed[at])}`).join("; ")));
  const rounded = (value) => value.toLocaleString("en", { maximumFractionDigits: 1 });
  const rows = of.flatMap((series) => periods.map((period, at) => [
    [nameOf(series.profile ?? "all counted profiles")], periodText(period),
    series.licensed[at] === null ? "–" : quantity(series.licensed[at]), number(series.highest[at]), rounded(series.mean_thousandths[at] / 1000), rounded(series.seat_ms[at] / DAY), number(series.admissions[at]),
  ]));
  section("usage", "Usage over time", legend, make("div", "multiples", ...pictures),
    valueTable("Usage over time", ["Profile", "Period", "Licensed", "Most used", "Mean", "Seat days", "Admissions"], rows));
};

const profileCell = (index) => index === null ? make("span", "muted", "–") : nameOf(profiles[index]);

const waitingSection = () => {
  const { queue, queue_left_out: leftOut } = data.seats;
  if (queue.length === 0) return section("waiting", "Waiting", none("No one waits for a seat."));
  const [USER_NAME, WANTS, PLACE, HOLDS, SINCE] = [0, 1, 2, 3, 4];
  const table = new Table({
    id: "queue", label: "Users who wait for a seat", count: queue.length, leftOut,
    empty: "No row passes the filter.",
    columns: [
      { title: "User", width: 14, texts: nameTexts, text: (row) => queue[row][USER_NAME], order: (row) => ranks[queue[row][USER_NAME]], cell: (row) => nameOf(names[queue[row][USER_NAME]]) },
      { title: "Waits for", width: 10, texts: profileTexts, text: (row) => queue[row][WANTS], order: (row) => queue[row][WANTS], cell: (row) => profileCell(queue[row][WANTS]) },
      { title: "Place", width: 6, number: true, order: (row) => queue[row][PLACE], cell: (row) => number(queue[row][PLACE]) },
      { title: "Holds meanwhile", width: 10, texts: profileTexts, text: (row) => queue[row][HOLDS] ?? NOTHING, order: (row) => queue[row][HOLDS] ?? profiles.length, cell: (row) => profileCell(queue[row][HOLDS]) },
      { title: "Since", width: 12, order: (row) => queue[row][SINCE], cell: (row) => until(queue[row][SINCE]) },
    ],
  });
  section("waiting", "Waiting", toolbar(table, "by user or profile"), table.element);
};

const changeText = (of) => {
  const parts = [[of.fewer, "fewer"], [of.more, "more"]].filter(([users]) => users > 0);
  const exempt = data.seats.profiles.some((profile) => profile.name === of.profile && profile.exempt);
  return make("li", "", nameOf(of.profile), exempt ? " (needs no seat): " : ": ", ...parts.flatMap(([users, word], place) => [place === 0 ? "" : ", ", make("strong", "", number(users)), ` ${word}`]));
};

const adviceSection = () => {
  const { rows, changes, left_out: leftOut } = data.advice;
  if (rows.length === 0) return section("advice", "Right-sizing", none("A lower profile is enough for no one who uses a seat."));
  const [USER_NAME, HOLDS, ADVISED] = [0, 1, 2];
  const table = new Table({
    id: "advised", label: "Users for whom a lower profile is enough", count: rows.length, leftOut,
    empty: "No row passes the filter.",
    columns: [
      { title: "User", width: 14, texts: nameTexts, text: (row) => rows[row][USER_NAME], order: (row) => ranks[rows[row][USER_NAME]], cell: (row) => nameOf(names[rows[row][USER_NAME]]) },
      { title: "Holds", width: 12, texts: profileTexts, text: (row) => rows[row][HOLDS], order: (row) => rows[row][HOLDS], cell: (row) => profileCell(rows[row][HOLDS]) },
      { title: "Is enough", width: 12, texts: profileTexts, text: (row) => rows[row][ADVISED], order: (row) => rows[row][ADVISED], cell: (row) => profileCell(rows[row][ADVISED]) },
    ],
  });
  const phase = head.phase === "pending" || head.phase === "lapsed" ? ` The license is ${head.phase}: what it denies now counts as not needed.` : "";
  section("advice", "Right-sizing", make("p", "hint", `With the lower profile, these users may do exactly what they may do today.${phase}`),
    make("p", "", "Users by profile, if all of them had it:"), make("ul", "sentences", ...changes.map(changeText)),
    toolbar(table, "by user or profile"), table.element);
};

const END_WORDS = { permissions: "permissions", role: "role", membership: "membership", invitation: "invitation", key: "key", license: "license", license_starts: "license begins" };

const endCell = (end) => {
  if (end.what === "membership") return ["in group ", nameOf(names[end.of])];
  if (end.what === "role") return [nameOf(names[end.on]), ": role ", nameOf(names[end.of])];
  if (end.what === "permissions") return [nameOf(names[end.on]), ": ", setOf(end.set)];
  return end.on === undefined ? make("span", "muted", "–") : nameOf(names[end.on]);
};

const endingSection = () => {
  const { rows, left_out: leftOut } = data.ending;
  if (rows.length === 0) return section("ending", "Ending", none("Nothing that was given has an end."));
  const kindsOfEnds = Object.keys(END_WORDS);
  const endTexts = new Texts(kindsOfEnds.length, (index) => END_WORDS[kindsOfEnds[index]]);
  const table = new Table({
    id: "ends", label: "What ends", count: rows.length, leftOut,
    empty: "No row passes the filter.",
    columns: [
      { title: "Ends", width: 12, order: (row) => rows[row].until, cell: (row) => until(rows[row].until) },
      { title: "What", width: 8, texts: endTexts, text: (row) => kindsOfEnds.indexOf(rows[row].what), order: (row) => kindsOfEnds.indexOf(rows[row].what), cell: (row) => END_WORDS[rows[row].what] },
      { title: "Who", width: 12, texts: principalTexts, text: (row) => rows[row].who ?? NOTHING, order: (row) => rows[row].who === undefined ? -1 : principalRank(rows[row].who),
        cell: (row) => rows[row].who === undefined ? make("span", "muted", "–") : who(rows[row].who) },
      { title: "Of", width: 20, texts: nameTexts, text: (row) => rows[row].on ?? rows[row].of ?? NOTHING, order: (row) => ranks[rows[row].on ?? rows[row].of] ?? -1, cell: (row) => endCell(rows[row]) },
    ],
  });
  const within = (days) => (row) => rows[row].until >= head.now && rows[row].until - head.now <= days * DAY;
  const controls = head.dates ? [choice("ends-within", "Within", [["", "any time"], ["7", "7 days"], ["30", "30 days"], ["90", "90 days"]], (value) => value === "" ? null : within(Number(value)))] : [];
  section("ending", "Ending", toolbar(table, "by what, who or of what", controls), table.element);
};

const words = (name) => name.replaceAll("_", " ");
const actorOf = (change) => change.as === null ? "host" : change.as;

// The fields of an event as terms and texts.
const fieldText = (value) => typeof value === "string" ? nameOf(value) : nameOf(JSON.stringify(value).replaceAll('"', "").replaceAll(",", ", "));
const eventFields = (event) => {
  const [[name, fields]] = Object.entries(event);
  const shown = Object.entries(fields).filter(([, value]) => value !== null && value !== false);
  const timed = ([field, value]) => field.endsWith("_at") && typeof value === "number" ? momentOf(value) : fieldText(value);
  return make("li", "", make("p", "", make("strong", "", words(name))), pairs(...shown.map((entry) => [words(entry[0]), timed(entry)])));
};

const changeDetails = (change) => {
  const left = change.count - change.events.length;
  showDetails([`Revision ${number(change.revision)}`],
    pairs(["When", momentOf(change.at)], ["As", nameOf(actorOf(change))], ["Note", change.by === "" ? "–" : nameOf(change.by)]),
    make("h3", "", counted(change.count, "event")),
    make("ul", "events", ...change.events.map(([, event]) => eventFields(event))),
    left > 0 ? make("p", "muted", `${counted(left, "further event")} not on this page`) : "");
};

const summary = (change) => {
  const [[subjects, event]] = change.events;
  const more = change.count - 1;
  return `${words(Object.keys(event)[0])}: ${subjects.join(", ")}${more > 0 ? ` and ${counted(more, "more event")}` : ""}`;
};

const changeSection = () => {
  if (!data.changes) return;
  const { rows, left_out: leftOut } = data.changes;
  if (rows.length === 0) return section("changes", "Last changes", none("Nothing was changed yet."));
  const summaries = rows.map(summary);
  const changeTexts = new Texts(rows.length, (row) => `${summaries[row]} ${rows[row].events.map(([subjects, event]) => `${words(Object.keys(event)[0])} ${subjects.join(" ")}`).join(" ")}`);
  const actorTexts = new Texts(rows.length, (row) => actorOf(rows[row]));
  const noteTexts = new Texts(rows.length, (row) => rows[row].by);
  const alphabetical = (texts) => {
    const sorted = [...new Set(texts)].sort();
    const rank = new Map(sorted.map((text, place) => [text, place]));
    return (row) => rank.get(texts[row]);
  };
  const table = new Table({
    id: "commits", label: "Last changes", count: rows.length, leftOut,
    details: (row) => changeDetails(rows[row]),
    empty: "No row passes the filter.",
    columns: [
      { title: "Revision", width: 6, number: true, order: (row) => rows[row].revision, cell: (row) => number(rows[row].revision) },
      { title: "When", width: 11, order: (row) => rows[row].at, cell: (row) => momentOf(rows[row].at) },
      { title: "As", width: 9, texts: actorTexts, text: (row) => row, order: alphabetical(rows.map(actorOf)), cell: (row) => nameOf(actorOf(rows[row])) },
      { title: "What", width: 24, texts: changeTexts, text: (row) => row, order: alphabetical(summaries), cell: (row) => nameOf(summaries[row]) },
      { title: "Note", width: 12, texts: noteTexts, text: (row) => row, order: alphabetical(rows.map((row) => row.by)), cell: (row) => nameOf(rows[row].by) },
    ],
  });
  section("changes", "Last changes", make("p", "hint", "Select a row, or press Enter on it, to see its events."), toolbar(table, "by event, name or note"), table.element);
};

headline();
keyFigures();
seatSection();
usageSection();
waitingSection();
section("access", "Access", accessSection());
adviceSection();
endingSection();
changeSection();
