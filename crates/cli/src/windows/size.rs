//! The size of the console, as whoever sits there changes it.

use pinfold_confine::windows::OwnConsole;

/// Columns by rows.
type Extent = (u16, u16);

/// The size that was last seen.
pub(super) struct Size<'a> {
    console: Option<&'a OwnConsole>,
    seen: Option<Extent>,
}

impl<'a> Size<'a> {
    /// That which the command begins with; none without a console.
    pub(super) fn of(console: Option<&'a OwnConsole>) -> std::io::Result<Self> {
        Ok(Self { console, seen: console.map(OwnConsole::size).transpose()? })
    }

    /// As it was last seen.
    pub(super) fn seen(&self) -> Option<Extent> {
        self.seen
    }

    /// Looks again: another one, if it is.
    pub(super) fn changed(&mut self) -> Option<Extent> {
        let now = self.console?.size().ok().filter(|now| Some(*now) != self.seen);
        self.seen = now.or(self.seen);
        now
    }
}
