//! A file whose bytes stay as they are, for work that redb writes during.

use alloc::vec::Vec;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;

/// A file as storage: writes stay in memory, for as long as the storage is there.
///
/// It locks nothing. Reading it takes time in proportion to the writes, of which verifying a database makes a few.
#[derive(Debug)]
pub(super) struct UnchangedFile(Mutex<State>);

#[derive(Debug)]
struct State {
    file: File,
    /// The bytes of the file that are part of the storage; after them there are zeros.
    file_len: u64,
    len: u64,
    /// The places and bytes of the writes, in their order.
    writes: Vec<(u64, Vec<u8>)>,
}

impl UnchangedFile {
    pub(super) fn new(file: File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        Ok(Self(Mutex::new(State { file, file_len: len, len, writes: Vec::new() })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl StorageBackend for UnchangedFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut state = self.state();
        let end = u64::try_from(out.len()).ok().and_then(|len| offset.checked_add(len));
        if end.is_none_or(|end| end > state.len) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        out.fill(0);
        let in_file = in_memory(state.file_len.saturating_sub(offset)).min(out.len());
        state.file.seek(SeekFrom::Start(offset))?;
        state.file.read_exact(out.get_mut(..in_file).unwrap_or_default())?;
        state.writes.iter().for_each(|(at, bytes)| copy(*at, bytes, offset, out));
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.state();
        state.len = len;
        state.file_len = state.file_len.min(len);
        state.writes.iter_mut().for_each(|(at, bytes)| bytes.truncate(in_memory(len.saturating_sub(*at))));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.state().writes.push((offset, data.to_vec()));
        Ok(())
    }
}

/// Copies the bytes that are at one place to the part of a buffer at another place that they cover.
fn copy(at: u64, bytes: &[u8], offset: u64, out: &mut [u8]) {
    let covered = bytes.get(in_memory(offset.saturating_sub(at))..).unwrap_or_default();
    let place = out.get_mut(in_memory(at.saturating_sub(offset))..).unwrap_or_default();
    place.iter_mut().zip(covered).for_each(|(out, byte)| *out = *byte);
}

/// A number of bytes, no more than memory can have.
fn in_memory(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use alloc::{format, vec};
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Write(u8, Vec<u8>),
        SetLen(u8),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let write = (any::<u8>(), prop::collection::vec(1_u8.., 0..40))
            .prop_map(|(at, bytes)| Step::Write(at, bytes));
        prop::collection::vec(prop_oneof![4 => write, 1 => any::<u8>().prop_map(Step::SetLen)], 0..12)
    }

    proptest! {
        /// It is read like a vector with the same writes, and the file stays as it was.
        #[test]
        fn writes_are_read_and_leave_the_file(content in prop::collection::vec(any::<u8>(), 0..200), steps in steps()) {
            let path = std::env::temp_dir().join(format!("entitle-unchanged-{}", std::process::id()));
            File::create(&path).unwrap().write_all(&content).unwrap();
            let storage = UnchangedFile::new(File::open(&path).unwrap()).unwrap();
            let mut model = content.clone();
            for step in steps {
                match step {
                    // As redb does: within the length.
                    Step::Write(at, bytes) if usize::from(at).saturating_add(bytes.len()) <= model.len() => {
                        let at = usize::from(at);
                        model.get_mut(at..at.saturating_add(bytes.len())).unwrap().copy_from_slice(&bytes);
                        storage.write(at as u64, &bytes).unwrap();
                    }
                    Step::Write(..) => {}
                    Step::SetLen(len) => {
                        model.resize(len.into(), 0);
                        storage.set_len(len.into()).unwrap();
                    }
                }
                prop_assert_eq!(storage.len().unwrap(), model.len() as u64);
                for (from, until) in [(0, model.len()), (model.len() / 3, model.len() / 2), (model.len(), model.len())] {
                    let mut read = vec![7; until.saturating_sub(from)];
                    storage.read(from as u64, &mut read).unwrap();
                    prop_assert_eq!(&read, model.get(from..until).unwrap());
                }
                prop_assert!(storage.read(model.len() as u64, &mut [0]).is_err());
            }
            prop_assert_eq!(std::fs::read(&path).unwrap(), content);
        }
    }
}
