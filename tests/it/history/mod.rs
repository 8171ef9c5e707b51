//! What is stored and read back: commits, directories, and the handle that keeps both in step.
//!
//! Each test repeats a little by default. `ENTITLE_FULL=1` makes them all repeat as often as they ever do.

mod authority;
mod diff;
#[cfg(feature = "json")]
mod hostile;
mod ids;
#[cfg(feature = "redb")]
mod kill;
mod replay;
mod stored;
pub(crate) mod world;

/// How often to repeat something.
pub(crate) fn times(short: u32, full: u32) -> u32 {
    if std::env::var_os("ENTITLE_FULL").is_some() { full } else { short }
}
