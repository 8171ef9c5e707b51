//! One line for each target.

/// The bound of a value.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    AtMost(f64),
    AtLeast(f64),
}

/// Prints `NAME VALUE TARGET ok|SHORT`.
pub(crate) fn row(name: &str, value: f64, unit: &str, target: Target) {
    let (sign, bound, met) = match target {
        Target::AtMost(bound) => ("<=", bound, value <= bound),
        Target::AtLeast(bound) => (">=", bound, value >= bound),
    };
    let verdict = if met { "ok" } else { "SHORT" };
    let value = format!("{}{unit}", rounded(value));
    let target = format!("{sign}{}{unit}", rounded(bound));
    println!("{name:<38} {value:>14} {target:>16} {verdict}");
}

/// Prints a value that has no target.
pub(crate) fn value(name: &str, value: f64, unit: &str) {
    let value = format!("{}{unit}", rounded(value));
    println!("{name:<38} {value:>14}");
}

/// Prints something that explains the values and has no target.
pub(crate) fn note(text: &str) {
    println!("# {text}");
}

fn rounded(value: f64) -> String {
    if value >= 1_000.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}
