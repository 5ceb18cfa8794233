//! The lists of a run that begins, among those of runs that are over and of runs that live.

use pinfold_acl::Sid;
use pinfold_plan::windows::Edit;

use super::{Applied, ApplyError, Journal, Left, Lists, Storage};

/// What has been done for a run that begins.
#[derive(Debug)]
pub struct Begun {
    /// Of its own lists.
    pub applied: Applied,
    /// Lists of places without a run that could not be changed back. What has a label there is open to this run too.
    pub left: Vec<Left>,
}

impl<S: Storage> Journal<S> {
    /// Gives lists what a run needs ([`Journal::apply`]), and before that takes entries and labels out wherever no run is:
    /// with its label, a place would be open to every other run. `own` are the run's identifiers, and `in_use` says of one
    /// whether another run lives that has it.
    pub fn begin(
        &mut self,
        lists: &mut impl Lists,
        wanted: &[Edit],
        own: &[Sid],
        in_use: &dyn Fn(&Sid) -> bool,
    ) -> Result<Begun, ApplyError> {
        let idle = self.undo(lists, &|sid| !in_use(sid) && !own.contains(sid))?;
        let applied = self.apply(lists, wanted, in_use)?;
        Ok(Begun { applied, left: idle.left })
    }
}
