//! Panics of the host's code: policies, journals, observers, wakers and clocks.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Contains a panic, so that the thread goes on and other callers are answered; `None` if there was one.
pub(super) fn contain<T>(step: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(step)).ok()
}
