//! Checksums that chain the commits of a journal, so that a commit that was changed, lost, moved or repeated is found.

use twox_hash::XxHash3_128;

/// The digest of a commit and of everything before it.
pub(super) type Digest = u128;

/// Returns the digest of a journal without commits.
pub(super) fn beginning(begins_after: u64) -> Digest {
    XxHash3_128::oneshot(&begins_after.to_le_bytes())
}

/// Returns the digest of a commit, given the digest of the one before it.
pub(super) fn extend(before: Digest, revision: u64, commit: &[u8]) -> Digest {
    let mut hasher = XxHash3_128::new();
    hasher.write(&before.to_le_bytes());
    hasher.write(&revision.to_le_bytes());
    hasher.write(commit);
    hasher.finish_128()
}

/// The ends of a journal: the revision that it begins after, and its last commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) begins_after: u64,
    /// The revision of the last commit, or the one that the journal begins after.
    pub(super) last: u64,
    /// The digest of the commit that the journal begins after, which commits are chained to when it is removed.
    pub(super) beginning: Digest,
    /// The digest of the last commit.
    pub(super) digest: Digest,
}

/// A head as stored: its fields and their checksum.
pub(super) type StoredHead = (u64, u64, u128, u128, u128);

impl Head {
    pub(super) fn new(begins_after: u64) -> Self {
        let beginning = beginning(begins_after);
        Self { begins_after, last: begins_after, beginning, digest: beginning }
    }

    /// Returns the head after one more commit.
    pub(super) fn followed_by(self, digest: Digest) -> Self {
        Self { last: self.last.saturating_add(1), digest, ..self }
    }

    /// Returns the head once the commits up to a revision, whose digest is given, are removed.
    pub(super) fn beginning_after(self, begins_after: u64, beginning: Digest) -> Self {
        Self { begins_after, beginning, ..self }
    }

    pub(super) fn stored(self) -> StoredHead {
        (self.begins_after, self.last, self.beginning, self.digest, self.checksum())
    }

    /// Reads a stored head; `None` if its checksum is wrong.
    pub(super) fn read((begins_after, last, beginning, digest, checksum): StoredHead) -> Option<Self> {
        let head = Self { begins_after, last, beginning, digest };
        (head.checksum() == checksum && begins_after <= last).then_some(head)
    }

    fn checksum(self) -> u128 {
        let beginning = extend(self.beginning, self.begins_after, &[]);
        extend(self.digest, self.last, &beginning.to_le_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_depends_on_all_that_it_covers() {
        let one = extend(beginning(0), 1, b"one");
        assert_ne!(one, extend(beginning(1), 1, b"one"));
        assert_ne!(one, extend(beginning(0), 2, b"one"));
        assert_ne!(one, extend(beginning(0), 1, b"two"));
        assert_eq!(one, extend(beginning(0), 1, b"one"));
    }

    #[test]
    fn a_head_with_any_bit_changed_is_not_read() {
        let head = Head::new(3).followed_by(extend(beginning(3), 4, b"four"));
        for head in [head, head.beginning_after(4, head.digest)] {
            let (begins_after, last, beginning, digest, checksum) = head.stored();
            assert_eq!(Head::read(head.stored()), Some(head));
            for bit in 0..64 {
                assert_eq!(Head::read((begins_after ^ (1 << bit), last, beginning, digest, checksum)), None);
                assert_eq!(Head::read((begins_after, last ^ (1 << bit), beginning, digest, checksum)), None);
            }
            for bit in 0..128 {
                assert_eq!(Head::read((begins_after, last, beginning ^ (1 << bit), digest, checksum)), None);
                assert_eq!(Head::read((begins_after, last, beginning, digest ^ (1 << bit), checksum)), None);
                assert_eq!(Head::read((begins_after, last, beginning, digest, checksum ^ (1 << bit))), None);
            }
        }
    }
}
