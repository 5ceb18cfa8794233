//! What is noted while a run goes on: a line for each thing, on the disk's way before the call goes on that it is about.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::noted::Noted;
use crate::letters::Letters;

/// One thing that was noted.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Line {
    /// What lay at a path when the run first touched it.
    Was {
        /// In which place.
        place: usize,
        /// Relative to it.
        path: Letters,
        /// Nothing where there was nothing.
        was: Option<Noted>,
        /// Which file it is: the same for all its names.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<usize>,
    },
    /// What a file contained.
    Kept {
        /// Which.
        file: usize,
        /// The name of the copy.
        copy: u64,
    },
    /// The same, but it could not be kept.
    Lost {
        /// Which.
        file: usize,
        /// Why not.
        why: String,
    },
    /// A directory came here with all that is in it.
    Came {
        /// In which place.
        place: usize,
        /// Relative to it.
        path: Letters,
    },
    /// Nothing is noted from here on.
    Gap(String),
}

/// Writes lines, each at once.
#[derive(Debug)]
pub(super) struct Log(File);

impl Log {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        File::options().create_new(true).append(true).open(path).map(Self)
    }

    pub(super) fn write(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.0.write_all(&text)
    }
}

/// Reads lines, up to one that was cut off: nothing came of the call that it is about.
pub(super) fn read<T: serde::de::DeserializeOwned>(path: &Path) -> io::Result<Vec<T>> {
    let mut reader = BufReader::new(File::open(path)?);
    let (mut lines, mut text) = (Vec::new(), Vec::new());
    loop {
        text.clear();
        reader.read_until(b'\n', &mut text)?;
        match serde_json::from_slice(&text) {
            Ok(line) if text.ends_with(b"\n") => lines.push(line),
            _ => return Ok(lines),
        }
    }
}
