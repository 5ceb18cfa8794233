//! Attackers that want more than a limit allows.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Stdio};

use super::{hold, program, staying};
use crate::windows::doctor::attack::catalogue::Verb;

/// How the files begin that many processes lock, one each.
pub(crate) const CROWD: &str = "many-";

const MIB: usize = 1 << 20;

pub(super) fn many_processes(count: usize, directory: &Path, end: &str) -> io::Result<()> {
    let children: Vec<Child> = (0..count).filter_map(|number| one_of_many(directory, number, end).ok()).collect();
    hold();
    drop(children);
    Ok(())
}

/// Returns once it lingers, or is no more.
fn one_of_many(directory: &Path, number: usize, end: &str) -> io::Result<Child> {
    let file = directory.join(format!("{CROWD}{number}"));
    std::fs::write(&file, "")?;
    let mut command = program()?;
    command.args(["-", Verb::Linger.word()]).arg(file).arg(end).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn()?;
    if let Some(stdout) = child.stdout.take() {
        let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
        let _ = lines.find(|line| line == "@lingering");
    }
    Ok(child)
}

pub(super) fn many_files(count: usize, directory: &Path) -> io::Result<()> {
    let path = directory.join("opened");
    std::fs::write(&path, "")?;
    let files = (0..count).map(|_| File::open(&path)).collect::<io::Result<Vec<File>>>()?;
    hold();
    drop(files);
    Ok(())
}

/// Memory that is written to, and not only asked for.
pub(super) fn much_memory(mib: usize) -> io::Result<()> {
    let mut memory: Vec<u8> = Vec::new();
    memory.try_reserve_exact(mib * MIB).map_err(io::Error::other)?;
    memory.resize(mib * MIB, 1);
    std::hint::black_box(&memory);
    hold();
    drop(memory);
    Ok(())
}

pub(super) fn fill(mib: usize, path: &Path) -> io::Result<()> {
    let piece = vec![b'x'; MIB];
    let mut file = File::create(path)?;
    for _ in 0..mib {
        file.write_all(&piece)?;
    }
    file.sync_all()?;
    hold();
    Ok(())
}

pub(super) fn shout(kib: usize) -> io::Result<()> {
    let line = format!("{}\n", "x".repeat(1023));
    let mut stdout = io::stdout().lock();
    for _ in 0..kib {
        stdout.write_all(line.as_bytes())?;
    }
    stdout.flush()
}

/// Uses as much processor time as two threads can.
pub(super) fn burn(alive: &Path, end: &Path) -> io::Result<()> {
    for _ in 0..2 {
        std::thread::spawn(|| {
            loop {
                std::hint::black_box(0);
            }
        });
    }
    staying::linger(alive, end)
}
