//! Mutations of inputs, most of which a target can still read.

use serde_json::{Map, Value, json};

/// The number of bytes before the steps of a history, as in `generate::read`.
const HEAD: usize = 4;

/// The number of bytes of one step of a history, as in `generate::read`.
const STRIDE: usize = 9;

/// The number of mutations out of four that change the bytes without regard to their meaning.
const BLIND: usize = 1;

/// Pseudorandom choices from a seed (xorshift).
struct Chance(u64);

impl Chance {
    fn new(seed: u32) -> Self {
        Self(u64::from(seed).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `end`; 0 if there is none.
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 16) as usize).checked_rem(end).unwrap_or(0)
    }
}

/// Changes a text of JSON values, one a line.
pub fn lines(data: &mut [u8], size: usize, max: usize, seed: u32) -> usize {
    let text = std::str::from_utf8(&data[..size]).unwrap_or_default();
    let values: Vec<Value> = text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    values_changed(values, data, size, max, seed)
}

/// Changes a text that is one JSON value.
pub fn document(data: &mut [u8], size: usize, max: usize, seed: u32) -> usize {
    let value: Option<Value> = serde_json::from_slice(&data[..size]).ok();
    values_changed(value.into_iter().collect(), data, size, max, seed)
}

fn values_changed(mut values: Vec<Value>, data: &mut [u8], size: usize, max: usize, seed: u32) -> usize {
    let mut chance = Chance::new(seed);
    if values.is_empty() || chance.below(4) < BLIND {
        return libfuzzer_sys::fuzzer_mutate(data, size, max);
    }
    for _ in 0..=chance.below(3) {
        let pool = values.clone();
        let line = chance.below(values.len());
        let other = chance.below(values.len());
        match chance.below(12) {
            0 if values.len() > 1 => drop(values.remove(line)),
            1 if values.len() > 1 => values.swap(line, other),
            2 if values.len() > 1 => values.insert(line, pool[other].clone()),
            _ => {
                let nodes = count(&values[line]);
                let donor = chance.below(count(&pool[other]));
                let donor = node(&pool[other], &mut { donor }).cloned().unwrap_or_default();
                let place = chance.below(nodes);
                if let Some(value) = node_mut(&mut values[line], &mut { place }) {
                    change(value, donor, &mut chance);
                }
            }
        }
    }
    let written: Vec<String> = values.iter().map(Value::to_string).collect();
    let written = written.join("\n");
    let Some(to) = data.get_mut(..written.len()).filter(|to| to.len() <= max) else {
        return libfuzzer_sys::fuzzer_mutate(data, size, max);
    };
    to.copy_from_slice(written.as_bytes());
    written.len()
}

/// Changes one value: its parts, the value itself to a similar one, or to another one of the same input.
fn change(value: &mut Value, donor: Value, chance: &mut Chance) {
    match value {
        Value::Array(list) if chance.below(4) > 0 => {
            let place = chance.below(list.len());
            match chance.below(4) {
                0 if !list.is_empty() => drop(list.remove(place)),
                1 if !list.is_empty() => list.insert(0, list[place].clone()),
                2 if !list.is_empty() => list.swap(0, place),
                _ => list.insert(place, donor),
            }
        }
        Value::Object(map) if chance.below(4) > 0 => change_fields(map, donor, chance),
        Value::Number(number) if chance.below(6) > 0 => {
            let near = number.as_i64().unwrap_or(i64::MAX);
            let all =
                [near.wrapping_add(1), near.wrapping_sub(1), 0, 1, 64, -1, i64::MAX, near.wrapping_mul(2)];
            *value = match chance.below(9) {
                8 => json!(u64::MAX),
                other => json!(all[other]),
            };
        }
        Value::Bool(flag) => *flag = !*flag,
        Value::String(text) if chance.below(3) == 0 => {
            let all = ["", "*", "all", " a", "a/b", "everyone", "user:", "instance", "project/*", "explicit"];
            *text = all[chance.below(all.len())].to_string();
        }
        _ if chance.below(10) == 0 => *value = Value::Null,
        _ => *value = donor,
    }
}

fn change_fields(map: &mut Map<String, Value>, donor: Value, chance: &mut Chance) {
    let name = map.keys().nth(chance.below(map.len())).cloned().unwrap_or_default();
    match (chance.below(4), donor) {
        (0, _) => drop(map.shift_remove(&name)),
        (1, Value::Object(more)) => map.extend(more),
        (2, Value::String(other)) => {
            let field = map.shift_remove(&name).unwrap_or_default();
            map.insert(other, field);
        }
        (_, donor) => drop(map.insert(name, donor)),
    }
}

/// The number of values in a value, itself included.
fn count(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(count).sum::<usize>(),
        Value::Object(map) => 1 + map.values().map(count).sum::<usize>(),
        _ => 1,
    }
}

/// The value with a number inside of a value, which is number 0 itself.
fn node<'a>(value: &'a Value, number: &mut usize) -> Option<&'a Value> {
    if *number == 0 {
        return Some(value);
    }
    *number -= 1;
    match value {
        Value::Array(list) => list.iter().find_map(|part| node(part, number)),
        Value::Object(map) => map.values().find_map(|part| node(part, number)),
        _ => None,
    }
}

fn node_mut<'a>(value: &'a mut Value, number: &mut usize) -> Option<&'a mut Value> {
    if *number == 0 {
        return Some(value);
    }
    *number -= 1;
    match value {
        Value::Array(list) => list.iter_mut().find_map(|part| node_mut(part, number)),
        Value::Object(map) => map.values_mut().find_map(|part| node_mut(part, number)),
        _ => None,
    }
}

/// Changes a history: leaves out, repeats, moves or adds whole steps, or changes one byte of one.
pub fn steps(data: &mut [u8], size: usize, max: usize, seed: u32) -> usize {
    let mut chance = Chance::new(seed);
    let count = size.saturating_sub(HEAD) / STRIDE;
    if count == 0 || chance.below(4) < BLIND {
        return libfuzzer_sys::fuzzer_mutate(data, size, max);
    }
    let mut head = data[..HEAD].to_vec();
    let mut steps: Vec<Vec<u8>> = data[HEAD..size].chunks_exact(STRIDE).map(<[u8]>::to_vec).collect();
    let (step, other) = (chance.below(count), chance.below(count));
    match chance.below(12) {
        0 => drop(steps.remove(step)),
        1 => steps.insert(step, steps[other].clone()),
        2 => steps.swap(step, other),
        3 | 4 => steps.insert(step, (0..STRIDE).map(|_| chance.below(256) as u8).collect()),
        5 => head[chance.below(HEAD)] = chance.below(256) as u8,
        _ => steps[step][chance.below(STRIDE)] = chance.below(256) as u8,
    }
    let changed = [head, steps.concat()].concat();
    let length = changed.len().min(max);
    data[..length].copy_from_slice(&changed[..length]);
    length
}
