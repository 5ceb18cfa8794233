//! A diff as text, in the format of git (`git-diff(1)`, "Generating patch text with -p").

use std::fmt::Write;
use std::path::Path;

use super::file::{Blob, Body, FileDiff, Side};
use super::hunk::{Hunk, LineKind};
use super::quote::{quoted, quoted_below};

impl Side {
    /// The mode that git knows: 100644, 100755 for what its owner may execute, 120000 for links.
    pub fn git_mode(&self) -> u32 {
        match (self.is_link, self.mode & 0o100 != 0) {
            (true, _) => 0o120_000,
            (false, true) => 0o100_755,
            (false, false) => 0o100_644,
        }
    }
}

impl FileDiff {
    /// As text that `git apply` takes, except for what is no text. Nothing where git sees no difference.
    pub fn text(&self) -> Vec<u8> {
        let header = self.header();
        let mut text = Vec::new();
        if header.is_empty() && matches!(self.body, Body::Same) {
            return text;
        }
        let (old, new) = self.names();
        text.extend(format!("diff --git {} {}\n", quoted_below("a/", old), quoted_below("b/", new)).bytes());
        text.extend(header.bytes());
        match &self.body {
            Body::Same => {}
            Body::Text(hunks) => self.add_hunks(&mut text, hunks),
            Body::Binary { old, new } => text.extend(self.binary(old.as_ref(), new.as_ref()).bytes()),
        }
        text
    }

    /// How many lines are added and removed.
    pub fn counts(&self) -> (usize, usize) {
        let Body::Text(hunks) = &self.body else { return (0, 0) };
        let count = |kind| hunks.iter().flat_map(|hunk| &hunk.lines).filter(|line| line.kind == kind).count();
        (count(LineKind::Added), count(LineKind::Removed))
    }

    /// The lines between the first one and the hunks.
    fn header(&self) -> String {
        let mut header = String::new();
        let mut say = |line: std::fmt::Arguments<'_>| writeln!(header, "{line}").expect("text takes all text");
        match (&self.old, &self.new) {
            (None, Some(new)) => say(format_args!("new file mode {:06o}", new.git_mode())),
            (Some(old), None) => say(format_args!("deleted file mode {:06o}", old.git_mode())),
            (Some(old), Some(new)) => {
                if old.git_mode() != new.git_mode() {
                    say(format_args!("old mode {:06o}\nnew mode {:06o}", old.git_mode(), new.git_mode()));
                }
                if old.path != new.path {
                    let (from, to) = (quoted(&old.path), quoted(&new.path));
                    say(format_args!("similarity index 100%\nrename from {from}\nrename to {to}"));
                }
            }
            (None, None) => {}
        }
        header
    }

    /// The names of both sides. One that is missing has that of the other.
    fn names(&self) -> (&Path, &Path) {
        let old = self.old.as_ref().or(self.new.as_ref());
        let new = self.new.as_ref().or(self.old.as_ref());
        (old.map_or(Path::new(""), |side| &side.path), new.map_or(Path::new(""), |side| &side.path))
    }

    fn shown(&self) -> (String, String) {
        let shown = |side: &Option<Side>, above| {
            side.as_ref().map_or("/dev/null".into(), |side| quoted_below(above, &side.path))
        };
        (shown(&self.old, "a/"), shown(&self.new, "b/"))
    }

    fn add_hunks(&self, text: &mut Vec<u8>, hunks: &[Hunk]) {
        let (old, new) = self.shown();
        text.extend(format!("--- {}\n+++ {}\n", ended(old), ended(new)).bytes());
        for hunk in hunks {
            hunk.add_to(text);
        }
    }

    fn binary(&self, old: Option<&Blob>, new: Option<&Blob>) -> String {
        let told = |name: String, blob: Option<&Blob>| match blob {
            Some(blob) => format!("{name} ({} bytes, sha256 {})", blob.bytes, blob.digest),
            None => name,
        };
        let names = self.shown();
        format!("Binary files {} and {} differ\n", told(names.0, old), told(names.1, new))
    }
}

/// A name with spaces ends with a tab, so that everybody sees where.
fn ended(mut name: String) -> String {
    if name.contains(' ') && !name.starts_with('"') {
        name.push('\t');
    }
    name
}

impl Hunk {
    /// The line that says where it is.
    pub fn heading(&self) -> String {
        let shown = |range: &std::ops::Range<usize>| match range.len() {
            // Of no lines, the one before them is named.
            0 => format!("{},0", range.start),
            1 => format!("{}", range.start + 1),
            length => format!("{},{length}", range.start + 1),
        };
        format!("@@ -{} +{} @@", shown(&self.old), shown(&self.new))
    }

    fn add_to(&self, text: &mut Vec<u8>) {
        text.extend(self.heading().bytes());
        text.push(b'\n');
        for line in &self.lines {
            text.push(match line.kind {
                LineKind::Context => b' ',
                LineKind::Removed => b'-',
                LineKind::Added => b'+',
            });
            text.extend_from_slice(&line.text);
            if !line.text.ends_with(b"\n") {
                text.extend_from_slice(b"\n\\ No newline at end of file\n");
            }
        }
    }
}
