// The data, and what the rows of all tables refer to.

const holder = document.getElementById("data");
const data = JSON.parse(holder.textContent);
holder.remove();
const { head, names, ranks, kinds, profiles, principals, sets, parts, reasons, access } = data;

const USER = 0, GROUP = 1, KEY = 2, EVERYONE = 3;
const KIND_WORDS = ["user", "group", "key", "everyone"];

// What each permission implies, directly or not, by kind.
const implied = kinds.map((kind) => kind.implies.map((direct) => {
  const all = new Set();
  const left = [...direct];
  while (left.length > 0) {
    const next = left.pop();
    if (!all.has(next)) {
      all.add(next);
      left.push(...kind.implies[next]);
    }
  }
  return all;
}));

// A set as people read it: the permissions that no other of the set implies, and all of them.
const setViews = new Array(sets.length);
const setView = (index) => {
  if (setViews[index] === undefined) {
    const [kind, ...members] = sets[index];
    const closure = implied[kind];
    // Of permissions that imply each other, the first stands for all.
    const covers = (other, one) => other !== one && closure[other].has(one) && !(closure[one].has(other) && one < other);
    const given = members.filter((one) => !members.some((other) => covers(other, one)));
    const name = (member) => kinds[kind].permissions[member];
    setViews[index] = { given: given.map(name), all: members.map(name), implied: members.length - given.length };
  }
  return setViews[index];
};
const SHOWN = 3;
const setText = (index) => {
  const { given, implied: rest } = setView(index);
  if (given.length === 0) return "";
  const more = given.length - SHOWN;
  const listed = more > 1 ? `${given.slice(0, SHOWN).join(", ")} and ${more} more` : given.join(", ");
  return rest === 0 ? listed : `${listed} (${rest} implied)`;
};

// Texts that several rows share. A word is looked for once in each, not once in each row.
class Texts {
  constructor(size, text) {
    this.size = size;
    this.text = text;
    this.found = new Map();
  }
  prepare() {
    this.lower ??= Array.from({ length: this.size }, (_, index) => visible(this.text(index)).toLowerCase());
  }
  // Returns an array with 1 for each text that contains the word, and 0 for no text at its end.
  containing(word) {
    let found = this.found.get(word);
    if (found === undefined) {
      this.prepare();
      found = new Uint8Array(this.size + 1);
      this.lower.forEach((text, index) => { if (text.includes(word)) found[index] = 1; });
      if (this.found.size > 20) this.found.clear();
      this.found.set(word, found);
    }
    return found;
  }
}

const nameTexts = new Texts(names.length, (index) => names[index]);
const principalTexts = new Texts(principals.name.length, (index) => principalText(index));
const setTexts = new Texts(sets.length, (index) => setView(index).all.join(" "));
const profileTexts = new Texts(profiles.length, (index) => profiles[index]);

const principalText = (index) => {
  const kind = principals.kind[index];
  return kind === EVERYONE ? "everyone" : `${KIND_WORDS[kind]}:${names[principals.name[index]]}`;
};
const principalRank = (index) => ranks[principals.name[index]] * 4 + principals.kind[index];

// The rank of each set by its text.
let setRanks;
const setRank = (index) => {
  if (setRanks === undefined) {
    const texts = sets.map((_, set) => setText(set));
    const sorted = [...texts.keys()].sort((one, other) => texts[one] < texts[other] ? -1 : texts[one] > texts[other] ? 1 : 0);
    setRanks = new Uint32Array(sets.length);
    sorted.forEach((set, rank) => { setRanks[set] = texts[set] === "" ? 0 : rank + 1; });
  }
  return setRanks[index];
};
