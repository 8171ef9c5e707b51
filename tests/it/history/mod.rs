//! What is stored and read back: commits, directories, and the handle that keeps both in step.
//!
//! Each test repeats a little by default. `ENTITLE_FULL=1` makes them all repeat as often as they ever do.

mod authority;
mod diff;
#[cfg(feature = "json")]
mod hostile;
#[cfg(feature = "redb")]
mod kill;
mod replay;
mod stored;
mod world;

/// How often to repeat something.
pub(crate) fn times(short: u32, full: u32) -> u32 {
    if std::env::var_os("ENTITLE_FULL").is_some() { full } else { short }
}

/// Numbers that look random and are the same each time (`SplitMix64`).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}
