//! Storage: commits, directories, and the authority that keeps both in step.
//!
//! Each test repeats a few times by default. `ENTITLE_FULL=1` makes all of them repeat the full number of times.

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

/// The number of repetitions: `full` with `ENTITLE_FULL`, else `short`.
pub(crate) fn times(short: u32, full: u32) -> u32 {
    if std::env::var_os("ENTITLE_FULL").is_some() { full } else { short }
}
