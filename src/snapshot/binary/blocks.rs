//! The stream of the binary form: a header, and blocks with a checksum each.

use alloc::boxed::Box;
use alloc::vec::Vec;
use std::io::{self, Read, Write};

use twox_hash::XxHash3_128;

use super::ReadBinaryError;
use super::records::Stored;
use crate::catalog::CatalogFingerprint;

/// The version of the binary form that this release writes, and the only one that it reads.
///
/// It is independent of [`VERSION`](crate::snapshot::VERSION), that of the records as serde data.
pub const BINARY_VERSION: u32 = 1;

/// The first bytes. The first of them is no text in any encoding, and the last are changed where line feeds are.
const MAGIC: [u8; 10] = *b"\x9aentitle\r\n";

/// The number of bytes at which a block is written, and the most that is reserved for one that is read.
const BLOCK: usize = 1 << 16;

/// Returns the checksum of some bytes and of everything before them.
fn extend(before: u128, bytes: &[u8]) -> u128 {
    let mut hasher = XxHash3_128::new();
    hasher.write(&before.to_le_bytes());
    hasher.write(&length_of(bytes).to_le_bytes());
    hasher.write(bytes);
    hasher.finish_128()
}

fn length_of(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn header_of(version: u32, fingerprint: CatalogFingerprint) -> Vec<u8> {
    let mut header = Vec::from(MAGIC);
    header.extend(version.to_le_bytes());
    header.extend(fingerprint.as_u128().to_le_bytes());
    header
}

/// Writes records in blocks.
pub(super) struct BlockWriter<W> {
    writer: W,
    checksum: u128,
    block: Vec<u8>,
}

impl<W: Write> BlockWriter<W> {
    pub(super) fn new(mut writer: W, fingerprint: CatalogFingerprint) -> io::Result<Self> {
        let mut header = header_of(BINARY_VERSION, fingerprint);
        let checksum = extend(0, &header);
        header.extend(checksum.to_le_bytes());
        writer.write_all(&header)?;
        Ok(Self { writer, checksum, block: Vec::with_capacity(BLOCK.saturating_mul(2)) })
    }

    pub(super) fn add(&mut self, record: &Stored<'_>) -> io::Result<()> {
        let block = core::mem::take(&mut self.block);
        self.block = postcard::to_extend(record, block).map_err(io::Error::other)?;
        if self.block.len() >= BLOCK { self.write_block() } else { Ok(()) }
    }

    fn write_block(&mut self) -> io::Result<()> {
        self.checksum = extend(self.checksum, &self.block);
        self.writer.write_all(&length_of(&self.block).to_le_bytes())?;
        self.writer.write_all(&self.checksum.to_le_bytes())?;
        self.writer.write_all(&self.block)?;
        self.block.clear();
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.write_block()?;
        self.writer.flush()
    }
}

/// Reads blocks, each of which is checked before anybody sees it.
pub(super) struct BlockReader<R> {
    reader: R,
    checksum: u128,
    /// The number of the block; 0 is the header.
    number: u64,
    block: Vec<u8>,
}

impl<R: Read> BlockReader<R> {
    /// Reads the header.
    pub(super) fn new(reader: R) -> Result<(Self, CatalogFingerprint), ReadBinaryError> {
        let mut blocks = Self { reader, checksum: 0, number: 0, block: Vec::new() };
        if blocks.array()? != MAGIC {
            return Err(blocks.malformed("the first bytes are not those of the binary form"));
        }
        let version = u32::from_le_bytes(blocks.array()?);
        if version != BINARY_VERSION {
            return Err(ReadBinaryError::UnknownVersion { found: version });
        }
        let fingerprint = CatalogFingerprint::new(u128::from_le_bytes(blocks.array()?));
        let expected = extend(0, &header_of(version, fingerprint));
        blocks.expect_checksum(expected)?;
        Ok((blocks, fingerprint))
    }

    /// Reads the next block.
    pub(super) fn advance(&mut self) -> Result<(), ReadBinaryError> {
        self.number = self.number.saturating_add(1);
        let length = u64::from_le_bytes(self.array()?);
        let found = u128::from_le_bytes(self.array()?);
        self.block.clear();
        // A length is believed as far as bytes arrive: the buffer grows with them.
        self.block.reserve(usize::try_from(length).unwrap_or(BLOCK).min(BLOCK));
        let read = Read::by_ref(&mut self.reader).take(length).read_to_end(&mut self.block);
        read.map_err(|source| self.io(source))?;
        if length_of(&self.block) != length {
            return Err(ReadBinaryError::Truncated { block: self.number });
        }
        let expected = extend(self.checksum, &self.block);
        self.same_checksum(found, expected)
    }

    pub(super) fn block(&self) -> &[u8] {
        &self.block
    }

    /// Checks that nothing comes after the last block.
    pub(super) fn expect_end(&mut self) -> Result<(), ReadBinaryError> {
        let mut rest = Vec::new();
        let read = Read::by_ref(&mut self.reader).take(1).read_to_end(&mut rest);
        read.map_err(|source| self.io(source))?;
        if rest.is_empty() { Ok(()) } else { Err(ReadBinaryError::Trailing) }
    }

    /// The error of bytes that are no record, in the last block that was read.
    pub(super) fn malformed(
        &self,
        source: impl Into<Box<dyn core::error::Error + Send + Sync>>,
    ) -> ReadBinaryError {
        ReadBinaryError::Malformed { block: self.number, source: source.into() }
    }

    fn io(&self, source: io::Error) -> ReadBinaryError {
        match source.kind() {
            io::ErrorKind::UnexpectedEof => ReadBinaryError::Truncated { block: self.number },
            _ => ReadBinaryError::Io { block: self.number, source },
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ReadBinaryError> {
        let mut bytes = [0; N];
        let read = self.reader.read_exact(&mut bytes);
        read.map_err(|source| self.io(source))?;
        Ok(bytes)
    }

    fn expect_checksum(&mut self, expected: u128) -> Result<(), ReadBinaryError> {
        let found = u128::from_le_bytes(self.array()?);
        self.same_checksum(found, expected)
    }

    fn same_checksum(&mut self, found: u128, expected: u128) -> Result<(), ReadBinaryError> {
        self.checksum = expected;
        if found == expected { Ok(()) } else { Err(ReadBinaryError::Checksum { block: self.number }) }
    }
}
