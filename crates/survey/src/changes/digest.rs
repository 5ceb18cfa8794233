//! Digests of what files hold now, as many as there is time for.

use std::{
    fs::File,
    io::{self, Read},
    sync::atomic::{AtomicUsize, Ordering},
};

use sha2::{Digest, Sha256};

use super::{Options, Snapshot, What, findings::Sighted};
use crate::{
    Kind, limits,
    sys::{self, Facts},
    threads::together,
};

/// What a file costs at least, in bytes of [`Options::digest_bytes`]: opening one takes as long as reading that many.
pub const FILE_PRICE_BYTES: u64 = 4096;

/// Up to how many bytes one thread is done before others have begun.
const ALONE_BYTES: u64 = 1 << 20;

/// How much of a file is read at once, in bytes.
const PIECE_BYTES: usize = 64 * 1024;

type Sum = [u8; 32];

/// Digests what the budget is enough for.
pub(super) fn run(snapshot: &Snapshot, options: &Options, sighted: &mut [Sighted]) {
    let (chosen, bytes) = choose(options, sighted);
    let next = AtomicUsize::new(0);
    let work = || {
        let mut sums = Vec::new();
        let mut piece = vec![0; PIECE_BYTES];
        while let Some(&number) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
            let sum = sighted.get(number).and_then(|sighted| digest(snapshot, sighted, &mut piece).ok());
            sums.extend(sum.map(|sum| (number, sum)));
        }
        sums
    };
    let threads = options.threads.unwrap_or(limits::THREADS);
    let sums = if chosen.is_empty() {
        Vec::new()
    } else {
        together(if bytes > ALONE_BYTES { threads.saturating_sub(1) } else { 0 }, work, work).concat()
    };
    for (number, sum) in sums {
        if let Some(sighted) = sighted.get_mut(number) {
            sighted.change.sha256 = Some(sum);
        }
    }
}

/// The files to digest, and what they cost.
fn choose(options: &Options, sighted: &[Sighted]) -> (Vec<usize>, u64) {
    let wanted = |sighted: &Sighted| {
        let change = &sighted.change;
        let size =
            change.size.filter(|size| *size <= options.file_bytes && change.group.is_none() && !sighted.denied)?;
        let only_moved = matches!(change.what, What::Renamed { .. }) && !sighted.changed;
        Some((only_moved, size.max(FILE_PRICE_BYTES)))
    };
    let mut wanted: Vec<_> =
        sighted.iter().enumerate().filter_map(|(number, sighted)| Some((wanted(sighted)?, number))).collect();
    wanted.sort_unstable();
    let mut spent = 0;
    wanted.retain(|((_, price), _)| {
        let enough = spent + price <= options.digest_bytes;
        spent += if enough { *price } else { 0 };
        enough
    });
    (wanted.into_iter().map(|(_, number)| number).collect(), spent)
}

/// The digest of a file that is, before and after it is read, what it was when it was looked at.
fn digest(snapshot: &Snapshot, sighted: &Sighted, piece: &mut [u8]) -> io::Result<Sum> {
    let change = &sighted.change;
    let (_, root) = snapshot.roots.get(change.root).ok_or(io::ErrorKind::NotFound)?;
    let path = sys::bytes(&change.path);
    let mut file = match path.iter().rposition(|&byte| byte == b'/') {
        Some(slash) => root.open_far(&path[..slash])?.open_file(&path[slash + 1..])?,
        None => root.open_file(&path)?,
    };
    let facts = sighted.facts.filter(|facts| facts.kind == Kind::File).ok_or(io::ErrorKind::InvalidInput)?;
    be_the_same(&file, &facts)?;
    let mut sum = Sha256::new();
    let mut left = facts.size;
    while left > 0 {
        let wanted = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let Some(piece) = piece.get_mut(..wanted) else { break };
        match file.read(piece)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => {
                sum.update(&piece[..read]);
                left -= read as u64;
            }
        }
    }
    be_the_same(&file, &facts)?;
    Ok(sum.finalize().into())
}

/// Refuses a file that is another one, or has changed.
fn be_the_same(file: &File, facts: &Facts) -> io::Result<()> {
    match sys::is_still(file, facts)? {
        true => Ok(()),
        false => Err(io::ErrorKind::InvalidData.into()),
    }
}
