// The access of users, keys and groups, with the reason of each row on demand.

const rowsOfAccess = access.who.length;
const groupRows = [];
data.grants.to.forEach((to, grant) => {
  const kind = principals.kind[to];
  if (kind === GROUP || kind === EVERYONE) groupRows.push(grant);
});
const NOTHING = -1;
const isGrant = (row) => row >= rowsOfAccess;
const grantOf = (row) => groupRows[row - rowsOfAccess];

// The columns of both, by row.
const both = (ofAccess, ofGrants) => {
  const row = (index) => isGrant(index) ? ofGrants(grantOf(index)) : ofAccess(index);
  return Array.from({ length: rowsOfAccess + groupRows.length }, (_, index) => row(index));
};
const accessRows = {
  who: Int32Array.from(both((row) => access.who[row], (grant) => data.grants.to[grant])),
  on: Int32Array.from(both((row) => access.on[row], (grant) => data.grants.on[grant])),
  allowed: Int32Array.from(both((row) => access.allowed[row], (grant) => data.grants.set[grant])),
  withheld: Int32Array.from(both((row) => access.withheld[row], () => NOTHING)),
  until: both((row) => access.until[row], (grant) => data.grants.until[grant]),
};

// The kind of each resource or target, by name; `*` is of all kinds.
const kindNames = new Map(kinds.map((kind, index) => [kind.name, index]));
const kindOf = names.map((name) => kindNames.get(name.split("/", 1)[0]) ?? NOTHING);

const setSize = (index) => index === NOTHING ? 0 : sets[index].length - 1;

const until = (millis) => millis === null ? make("span", "muted", "–") : [timeOf(millis), make("span", "muted", ` ${fromNow(millis)}`)];

const statusTag = (index) => {
  const status = principals.status[index];
  return status === null ? "" : make("span", "tag", status);
};

const profileOf = (index) => {
  const profile = principals.profile[index];
  if (profile === null) return make("span", "muted", "–");
  const seat = principals.seat[index];
  return make("span", "", nameOf(profiles[profile]), seat === null ? "" : make("span", "tag", seat));
};

const givenText = (index) => index === null || index === undefined ? null : data.given[index];

// Who gave it, and when, from the commits.
const givenBy = (commits) => {
  if (!commits) return "";
  const entries = commits.map((commit) => make("li", "",
    "given by ", commit.as === undefined ? "the host" : codeOf(commit.as), ", ", momentOf(commit.at),
    commit.by === "" ? "" : [" (", nameOf(commit.by), ")"], `, revision ${number(commit.revision)}`,
    commit.beyond ? ", more than the giver had" : ""));
  return make("ul", "given", ...entries);
};

// The grants by grantee, target and role, to find who gave them.
let grantIndex;
const commitsOf = (to, on, role) => {
  if (grantIndex === undefined) {
    grantIndex = new Map();
    data.grants.to.forEach((grantee, grant) => {
      const key = `${grantee} ${data.grants.on[grant]} ${data.grants.role[grant]}`;
      const commits = givenText(data.grants.given[grant]) ?? [];
      grantIndex.set(key, [...grantIndex.get(key) ?? [], ...commits]);
    });
  }
  const found = grantIndex.get(`${to} ${on} ${role ?? null}`) ?? [];
  const seen = new Set();
  const unique = found.filter((commit) => !seen.has(commit.revision) && seen.add(commit.revision));
  return unique.length === 0 ? null : unique.sort((one, other) => one.revision - other.revision);
};

const listed = (items) => items.flatMap((item, place) => place === 0 ? [item] : [" → ", item]);
const wayOf = (way) => make("span", "", "through ", ...listed(way.map((place) => codeOf(names[place]))));

const grantPart = (part) => {
  const line = make("p", "", who(part.to), " was given ", make("strong", "", setText(part.given) || "nothing"), " on ", codeOf(names[part.on]));
  if (part.role !== undefined) line.append(" by role ", codeOf(names[part.role]));
  const item = make("li", "gives", line);
  if (part.through?.length > 0) item.append(make("p", "", "member through ", ...listed(part.through.map((group) => codeOf(names[group])))));
  if (part.member_until !== undefined) item.append(make("p", "", "member until ", momentOf(part.member_until)));
  for (const [end, set] of part.ends ?? []) item.append(make("p", "", make("strong", "", setText(set)), " until ", momentOf(end)));
  if (part.passes !== undefined) item.append(make("p", "", "passes ", make("strong", "", setText(part.passes) || "nothing"), " ", wayOf(part.way)));
  item.append(givenBy(commitsOf(part.to, part.on, part.role)));
  return item;
};

// `in code` of a text of the library.
const withCode = (text) => text.split("`").map((piece, place) => place % 2 === 1 ? codeOf(piece) : nameOf(piece));

const reasonPart = (index) => {
  const part = parts[index];
  if (part.grant) return grantPart(part.grant);
  if (part.owner) return make("li", "gives", make("p", "", "the owner has ", make("strong", "", setText(part.owner.given))));
  if (part.owner_of) {
    const { on, given, passes, way } = part.owner_of;
    return make("li", "gives", make("p", "", "the owner of ", codeOf(names[on]), " has ", make("strong", "", setText(given))),
      make("p", "", "passes ", make("strong", "", setText(passes) || "nothing"), " ", wayOf(way)));
  }
  const { by, takes, advisory } = part.cut;
  return make("li", "takes", make("p", "", ...withCode(names[by]), advisory ? " would remove " : " removes ", make("strong", "", setText(takes))));
};

const pairs = (...entries) => make("dl", "pairs", ...entries.flatMap(([term, ...content]) => [make("dt", "", term), make("dd", "", ...content.flat())]));

const accessDetails = (row) => {
  const index = accessRows.who[row];
  const title = [who(index), " on ", nameOf(names[accessRows.on[row]])];
  if (isGrant(row)) {
    const grant = grantOf(row);
    const role = data.grants.role[grant];
    showDetails(title, pairs(
      ["Given", role === null ? "" : make("p", "", "role ", codeOf(names[role])), wholeSet(data.grants.set[grant])],
      ["Reaches", counted(data.grants.users[grant], "user")],
      ["Ends", data.grants.until[grant] === null ? "never" : [momentOf(data.grants.until[grant]), " ", fromNow(data.grants.until[grant])]],
    ), givenBy(givenText(data.grants.given[grant])));
    return;
  }
  const actsAs = principals.acts_as[index];
  showDetails(title,
    pairs(
      ["Profile", profileOf(index), statusTag(index), actsAs === null ? "" : [" as ", who(actsAs)]],
      ["Allowed", wholeSet(access.allowed[row])],
      ["Withheld", wholeSet(access.withheld[row])],
    ),
    make("h3", "", "Why"),
    make("ul", "why", ...reasons[access.reason[row]].map(reasonPart)));
};

const roleOf = (row) => {
  const role = isGrant(row) ? data.grants.role[grantOf(row)] : null;
  return role === null ? "" : make("span", "tag", "role ", nameOf(names[role]));
};
const usersOf = (row) => isGrant(row) ? make("span", "tag", counted(data.grants.users[grantOf(row)], "user")) : "";

const COLUMNS = 30;

// The rows of the list that pass its filter, as a matrix of who and resources.
class Matrix {
  constructor(list) {
    this.list = list;
    this.shown = false;
    this.element = make("div", "matrix");
  }

  update() {
    this.table?.remove();
    this.table = undefined;
    this.element.replaceChildren();
    if (!this.shown) return;
    const { view } = this.list;
    const seen = new Uint8Array(names.length);
    for (const row of view) seen[accessRows.on[row]] = 1;
    const resources = Array.from(names.keys()).filter((name) => seen[name] === 1).sort((one, other) => ranks[one] - ranks[other]);
    const columns = resources.slice(0, COLUMNS);
    const cells = this.cells(view, columns);
    const people = [...cells.keys()];
    const more = resources.length - columns.length;
    if (more > 0) this.element.append(make("p", "hint", `The first ${number(COLUMNS)} of ${counted(resources.length, "resource")}: filter to see the others.`));
    this.table = new Table({
      id: "matrix", label: "Access by user and resource", count: people.length, empty: "No row passes the filter.",
      details: (row, column) => {
        const found = cells.get(people[row])[column - 1];
        if (found !== undefined) accessDetails(found[0]);
      },
      columns: [
        { title: "Who", width: 12, heads: true, order: (row) => principalRank(people[row]), cell: (row) => who(people[row]) },
        ...columns.map((on, place) => this.column(on, (row) => cells.get(people[row])[place])),
      ],
    });
    this.element.append(this.table.element);
  }

  // The rows of the list for each principal and column: a group can have several grants on one resource.
  cells(view, columns) {
    const place = new Int32Array(names.length).fill(NOTHING);
    columns.forEach((on, index) => { place[on] = index; });
    const cells = new Map();
    for (const row of view) {
      const column = place[accessRows.on[row]];
      if (column === NOTHING) continue;
      const index = accessRows.who[row];
      let line = cells.get(index);
      if (line === undefined) cells.set(index, line = []);
      (line[column] ??= []).push(row);
    }
    return cells;
  }

  column(on, rowsOf) {
    const one = (found) => {
      const nothing = setSize(accessRows.allowed[found]) === 0 && roleOf(found) === "";
      return nothing ? make("span", "tag", "withheld") : [setOf(accessRows.allowed[found]), roleOf(found)];
    };
    const cell = (row) => {
      const [first, ...others] = rowsOf(row) ?? [];
      if (first === undefined) return "";
      return [one(first), others.length === 0 ? "" : make("span", "tag", `+${others.length} more in the list`)].flat();
    };
    const order = (row) => rowsOf(row) === undefined ? Infinity : setRank(accessRows.allowed[rowsOf(row)[0]]);
    return { title: visible(names[on]), width: 10, order, cell };
  }
}

const accessSection = () => {
  const principalsLeft = access.principals_left_out;
  const table = new Table({
    id: "access",
    label: "Access of users, keys and groups",
    count: rowsOfAccess + groupRows.length,
    leftOut: data.grants.left_out,
    otherLeftOut: principalsLeft > 0 ? `; access of up to ${counted(principalsLeft, "user or key", "users and keys")} may be missing on this page` : "",
    details: accessDetails,
    empty: rowsOfAccess + groupRows.length === 0 ? "No one has access to anything." : "No row passes the filter.",
    columns: [
      { title: "Who", width: 11, texts: principalTexts, text: (row) => accessRows.who[row],
        order: (row) => principalRank(accessRows.who[row]),
        cell: (row) => [who(accessRows.who[row]), statusTag(accessRows.who[row]), usersOf(row)] },
      { title: "Profile", width: 9, texts: profileTexts, text: (row) => principals.profile[accessRows.who[row]] ?? NOTHING,
        order: (row) => principals.profile[accessRows.who[row]] ?? profiles.length, cell: (row) => profileOf(accessRows.who[row]) },
      { title: "Resource", width: 12, texts: nameTexts, text: (row) => accessRows.on[row],
        order: (row) => ranks[accessRows.on[row]], cell: (row) => nameOf(names[accessRows.on[row]]) },
      { title: "Allowed", width: 18, texts: setTexts, text: (row) => accessRows.allowed[row],
        order: (row) => setRank(accessRows.allowed[row]), cell: (row) => [setOf(accessRows.allowed[row]), roleOf(row)] },
      { title: "Withheld", width: 10, texts: setTexts, text: (row) => accessRows.withheld[row],
        order: (row) => accessRows.withheld[row] === NOTHING ? -1 : setRank(accessRows.withheld[row]),
        cell: (row) => accessRows.withheld[row] === NOTHING ? make("span", "muted", "–") : setOf(accessRows.withheld[row]) },
      { title: "Ends", width: 12, order: (row) => accessRows.until[row] ?? Infinity, cell: (row) => until(accessRows.until[row]) },
    ],
  });
  const rows = choice("access-rows", "Rows", [["principals", "users and keys"], ["groups", "groups and everyone"], ["all", "all"]],
    (value) => value === "all" || groupRows.length === 0 ? null : value === "groups" ? isGrant : (row) => !isGrant(row));
  const ofKind = choice("access-kind", "Kind of resource", [["", "all"], ...kinds.map((kind, index) => [index, kind.name])],
    (value) => value === "" ? null : (row) => kindOf[accessRows.on[row]] === Number(value));
  const ofProfile = choice("access-profile", "Profile", [["", "all"], ...profiles.map((profile, index) => [index, profile]), ["none", "no profile"]],
    (value) => {
      if (value === "") return null;
      const wanted = value === "none" ? null : Number(value);
      return (row) => !isGrant(row) && principals.profile[accessRows.who[row]] === wanted;
    });
  const withheld = tick("access-withheld", "withheld only", (row) => setSize(accessRows.withheld[row]) > 0);
  const view = choice("access-view", "View", [["list", "list"], ["matrix", "matrix"]], () => null);
  const matrix = new Matrix(table);
  const show = () => {
    matrix.shown = view.input.value === "matrix";
    table.element.hidden = matrix.shown;
    matrix.update();
  };
  table.changed = () => matrix.update();
  view.input.addEventListener("change", show);
  return [
    make("p", "hint", "Select a row or cell, or press Enter on it, to see why."),
    toolbar(table, "by name, profile, resource or permission", [rows, ofKind, ofProfile, withheld, view]),
    table.element,
    matrix.element,
  ];
};
