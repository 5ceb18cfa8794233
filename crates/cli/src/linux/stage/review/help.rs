//! What is told of keys and marks.

pub(super) const LINES: &str = "\
space      choose, or choose no more
t          conflict: as the run left it
m          keep yours; the run's goes
a, Enter   take over what is chosen
d          discard the stage
q          leave; nothing is changed
arrows     move; right and left unfold
           and fold, and go to the diff
Tab        to the diff and back
n, p       in a diff: next, last hunk
space      in a diff: this hunk
J, K       in a diff: next, last file
PgUp PgDn  a page; g, G first and last
r          look at the stage again

A new, M changed, m permissions, D gone,
R renamed, T another kind of file,
- stays in the stage
!  would execute outside: asked about
x  conflicts with the workspace
~  merges with the workspace
i  ignored by git: chosen by itself";

/// The first line of the next part on a screen of so many rows, the last of which is no line of it.
pub(super) fn next(first: usize, rows: u16) -> Option<usize> {
    let next = first + usize::from(rows.saturating_sub(1)).max(1);
    (next < LINES.lines().count()).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linux::stage::review::layout::{COLUMNS_MIN, ROWS_MIN};

    #[test]
    fn all_of_it_can_be_read_on_the_smallest_screen() {
        assert!(LINES.lines().all(|line| line.len() <= COLUMNS_MIN.into()));
        let parts = std::iter::successors(Some(0), |first| next(*first, ROWS_MIN)).count();
        assert!(parts * usize::from(ROWS_MIN - 1) >= LINES.lines().count());
    }
}
