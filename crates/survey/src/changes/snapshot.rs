//! What is remembered from before the run.

use std::{path::PathBuf, sync::Arc};

use super::{
    Changes, Moment, Options, digest, scan,
    settle::{Settled, settle},
    summary::group,
};
use crate::{
    Stamps,
    listing::{Listing, Records},
    sys::{Device, Dir},
    tree::Tree,
};

/// All names of some trees, and a moment. See the [module](super).
#[derive(Debug)]
pub struct Snapshot {
    pub(super) begin: Moment,
    pub(super) roots: Vec<(PathBuf, Arc<Dir>)>,
    pub(super) tree: Arc<Tree>,
    /// Each with the number of its first directory in the tree.
    listings: Vec<(usize, Listing)>,
}

impl Snapshot {
    pub(crate) fn new(begin: Moment, stamps: &Stamps, listings: Vec<Listing>) -> Self {
        let mut first = 0;
        let listings = listings.into_iter().map(|mut listing| {
            listing.shrink();
            let start = first;
            first += listing.len();
            (start, listing)
        });
        let listings = listings.collect();
        Self { begin, roots: stamps.roots.clone(), tree: Arc::clone(&stamps.tree), listings }
    }

    /// Lets the run begin now instead of with the walk: a file that somebody else modified in between is not told.
    pub fn begin(&mut self) {
        self.begin = Moment::now();
    }

    /// How much memory this takes besides the survey's stamps, in bytes, without the allocator's share.
    pub fn bytes(&self) -> usize {
        self.listings.iter().map(|(_, listing)| listing.bytes()).sum()
    }

    /// What has changed since.
    ///
    /// The trees should be at rest: what changes during the scan may be told or not. It can be asked more than once.
    pub fn changes(&self, options: &Options) -> Changes {
        let Settled { mut sighted, unseen, omitted, tags } = settle(self, scan::run(self, options));
        let groups = group(&mut sighted, &tags);
        digest::run(self, options, &mut sighted);
        let entries = sighted.into_iter().map(|sighted| sighted.change).collect();
        Changes { entries, groups, unseen, omitted }
    }

    /// The entries of a directory.
    pub(super) fn records(&self, directory: usize) -> Records<'_> {
        let (listing, number) = self.listing(directory);
        listing.records(number)
    }

    /// The device that a directory was on, if that is known.
    pub(super) fn device(&self, directory: usize) -> Option<Device> {
        let (listing, number) = self.listing(directory);
        listing.device(number)
    }

    /// Whether all entries of a directory are known.
    pub(super) fn is_complete(&self, directory: usize) -> bool {
        let (listing, number) = self.listing(directory);
        listing.is_complete(number)
    }

    fn listing(&self, directory: usize) -> (&Listing, usize) {
        // Never empty: the caller's thread always has one.
        let place = self.listings.partition_point(|(start, _)| *start <= directory).saturating_sub(1);
        let (start, listing) = &self.listings[place];
        (listing, directory - start)
    }
}
