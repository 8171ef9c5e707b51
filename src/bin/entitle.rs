//! The `entitle` command.
fn main() {}
