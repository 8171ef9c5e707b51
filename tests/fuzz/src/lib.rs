//! The shared code of the fuzz targets: the checks, which `cargo test` runs too, and the mutations of inputs.

#![expect(dead_code, unused_imports, reason = "the modules of the suite hold more than the targets use")]

pub mod mutate;

mod checks;
#[path = "../../it/compare.rs"]
mod compare;
#[path = "../../it/generate/mod.rs"]
mod generate;
mod history;
#[path = "../../it/oracle/mod.rs"]
mod oracle;
#[path = "../../it/side_by_side.rs"]
mod side_by_side;

/// See [`checks::commands`].
pub fn commands(bytes: &[u8]) {
    checks::commands(bytes);
}

/// See [`checks::stored`].
pub fn stored(bytes: &[u8]) {
    checks::stored(bytes);
}

/// See [`checks::binary`].
pub fn binary(bytes: &[u8]) {
    checks::binary(bytes);
}

/// See [`checks::journal`].
pub fn journal(bytes: &[u8]) {
    checks::journal(bytes);
}

/// See [`checks::scenario`].
pub fn scenario(bytes: &[u8]) {
    checks::scenario(bytes);
}

/// See [`checks::invitations`].
pub fn invitations(bytes: &[u8]) {
    checks::invitations(bytes);
}
