//! Spans as text.

use core::fmt;

use crate::time::DAY_MS;

/// A span in milliseconds, written in days with one decimal, rounded down.
pub(crate) struct Days(pub(crate) u64);

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0 / DAY_MS, self.0 % DAY_MS / (DAY_MS / 10))
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;

    #[test]
    fn seat_time_is_in_days() {
        assert_eq!(Days(0).to_string(), "0.0");
        assert_eq!(Days(DAY_MS * 3 / 2).to_string(), "1.5");
    }
}
