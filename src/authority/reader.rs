//! The handle through which a thread reads the current directory.

use alloc::sync::Arc;
use core::fmt;

use arc_swap::{ArcSwap, Cache};

use super::{OutOfDateError, State};
use crate::directory::Directory;

/// One thread's handle to the current directory.
///
/// It caches the directory that it loaded last; while that is the current one, a load costs one atomic read. The cached
/// directory stays in memory until the next [`load`](Self::load), so a thread that sleeps for long should drop its
/// reader.
///
/// ```
/// # use entitle::{Authority, Directory, catalog::Catalog, journal::MemoryJournal};
/// # let directory = Directory::new(Catalog::builder().build()?);
/// # let authority = Authority::new(directory, MemoryJournal::new());
/// let mut reader = authority.reader();
/// std::thread::spawn(move || assert_eq!(reader.load().revision(), 0)).join().unwrap();
/// # Ok::<(), entitle::catalog::CatalogError>(())
/// ```
pub struct Reader {
    cache: Cache<Arc<ArcSwap<State>>, Arc<State>>,
}

impl Reader {
    pub(super) fn new(current: Arc<ArcSwap<State>>) -> Self {
        Self { cache: Cache::new(current) }
    }

    /// Returns the current directory.
    ///
    /// Load it once for each request and use it for all checks of that request, so that all answers are of one revision.
    #[inline]
    pub fn load(&mut self) -> &Arc<Directory> {
        &self.cache.load().directory
    }

    /// Returns the current directory, or an error if it is known to be out of date.
    ///
    /// A process that follows others uses it in place of [`load`](Self::load) to deny when it cannot follow any more.
    ///
    /// # Errors
    ///
    /// [`OutOfDateError`], as [`Authority::current`](super::Authority::current).
    ///
    /// ```
    /// # use entitle::{Authority, Directory, catalog::Catalog, journal::MemoryJournal};
    /// # let directory = Directory::new(Catalog::builder().build()?);
    /// # let authority = Authority::new(directory, MemoryJournal::new());
    /// let mut reader = authority.reader();
    /// assert_eq!(reader.current()?.revision(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn current(&mut self) -> Result<&Arc<Directory>, OutOfDateError> {
        self.cache.load().current()
    }
}

impl Clone for Reader {
    fn clone(&self) -> Self {
        Self { cache: self.cache.clone() }
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}
