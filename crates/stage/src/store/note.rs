//! What changes of a stage's record with every run, beside it: nobody waits for the disk for its sake.
//!
//! A note counts as long as it was made after what lies on the disk as a whole. It is one line, overwritten by one call, so that
//! whoever is killed leaves the old one or the new one; what was there behind the line does not matter. Only a machine that
//! stops can damage it: then it is not known since when nobody has looked what changed files were before, and none is trusted.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::error::{StoreError, at};
use super::record::Record;
use crate::node::Time;

/// How much is read back at most, in bytes.
const BYTES_MAX: u64 = 4096;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Note {
    /// How often the record had been written down as a whole.
    saved: u64,
    used_ms: u64,
    session: Option<String>,
    began: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    went_back_ms: Option<u64>,
}

/// Notes what a run has changed of a record, which counts from now on.
pub(super) fn leave(record: &Record, path: &Path) -> Result<(), StoreError> {
    let Record { saved, used_ms, ref session, began, went_back_ms, .. } = *record;
    let note = Note { saved, used_ms, session: session.clone(), began, went_back_ms };
    let path_of_note = beside(path);
    let write = || -> io::Result<()> {
        let mut line = serde_json::to_vec(&note)?;
        line.push(b'\n');
        OpenOptions::new().create(true).truncate(false).write(true).open(&path_of_note)?.write_all(&line)?;
        // Something was done with the stage, which the record's own time tells.
        File::open(path)?.set_modified(SystemTime::now())
    };
    at(write(), "write", &path_of_note)
}

/// Takes a note into the record that it belongs to.
pub(super) fn recall(record: &mut Record, path: &Path) -> Result<(), StoreError> {
    let path = beside(path);
    let mut text = Vec::new();
    match File::open(&path).and_then(|file| file.take(BYTES_MAX).read_to_end(&mut text)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        read => at(read, "read", &path)?,
    };
    let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
    match serde_json::from_slice::<Note>(line) {
        Ok(note) if note.saved == record.saved => {
            (record.used_ms, record.session) = (note.used_ms, note.session);
            (record.began, record.went_back_ms) = (note.began, note.went_back_ms);
        }
        Ok(_) => {}
        Err(_) => record.began = Some(Time::FIRST),
    }
    Ok(())
}

fn beside(record: &Path) -> std::path::PathBuf {
    record.with_file_name("run.json")
}
