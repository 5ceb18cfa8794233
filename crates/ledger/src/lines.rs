//! Reads a log line by line, however long it is.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

use crate::LedgerError;
use crate::error::{at, found};
use crate::limits::{RECORD_BYTES_MAX, WRITE_BYTES};

/// The lines of some files, one file after the other.
pub(crate) struct Lines {
    files: std::vec::IntoIter<PathBuf>,
    current: Option<(PathBuf, BufReader<File>)>,
    line: Vec<u8>,
}

/// A line without its newline.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Piece<'a> {
    /// Its bytes; of one that is too long only the first.
    pub(crate) bytes: &'a [u8],
    /// Did it end with a newline, and is it no longer than a line may be?
    pub(crate) whole: bool,
}

impl Lines {
    pub(crate) fn new(files: Vec<PathBuf>) -> Self {
        Self { files: files.into_iter(), current: None, line: Vec::new() }
    }

    /// The next line; nothing at the end of the last file.
    pub(crate) fn next(&mut self) -> Result<Option<Piece<'_>>, LedgerError> {
        loop {
            let Some((path, reader)) = &mut self.current else {
                let Some(path) = self.files.next() else { return Ok(None) };
                // There may be no logs yet.
                let Some(file) = found(File::open(&path), "open", &path)? else { return Ok(None) };
                self.current = Some((path, BufReader::with_capacity(WRITE_BYTES, file)));
                continue;
            };
            self.line.clear();
            // One byte more for the newline.
            let mut limited = reader.by_ref().take(RECORD_BYTES_MAX as u64 + 1);
            if at(limited.read_until(b'\n', &mut self.line), "read", path)? == 0 {
                self.current = None;
                continue;
            }
            break;
        }
        Ok(Some(match self.line.strip_suffix(b"\n") {
            Some(bytes) => Piece { bytes, whole: true },
            None => Piece { bytes: &self.line, whole: false },
        }))
    }
}
