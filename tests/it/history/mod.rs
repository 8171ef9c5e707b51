//! Storage: commits, directories, and the authority that keeps both in step.
//!
//! Each test repeats a few times by default. `ENTITLE_FULL=1` makes all of them repeat the full number of times.

mod authority;
#[cfg(feature = "binary")]
mod binary;
#[cfg(feature = "redb")]
mod damage;
mod diff;
#[cfg(feature = "json")]
mod hostile;
mod ids;
#[cfg(feature = "redb")]
mod kill;
mod releases;
mod replay;
mod stored;
pub(crate) mod world;

/// The number of repetitions: `full` with `ENTITLE_FULL`, else `short`.
pub(crate) fn times(short: u32, full: u32) -> u32 {
    if std::env::var_os("ENTITLE_FULL").is_some() { full } else { short }
}

/// Numbers that look random and are the same in every run (`SplitMix64`).
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
