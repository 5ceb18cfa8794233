//! The diff of an entry as lines for a terminal, and its hunks.

use std::ops::Range;

use pinfold_policy::plain;
use pinfold_stage::{Body, FileDiff, Hunk, LineKind};

/// How far tabs go.
const TAB: usize = 8;

/// What is shown of an entry.
#[derive(Debug, Clone, Default)]
pub(super) struct View {
    pub(super) lines: Vec<Line>,
    /// The lines of each hunk, its heading first.
    pub(super) hunks: Vec<Range<usize>>,
    /// The hunks that can be chosen one by one; none where the whole can be chosen alone.
    pub(super) parts: Vec<Hunk>,
    pub(super) amount: Amount,
}

/// How much of it changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Amount {
    #[default]
    Unsaid,
    Lines {
        added: usize,
        removed: usize,
    },
    /// What is no text.
    Binary,
}

/// A line. Nothing in it moves a cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) kind: Kind,
    pub(super) text: String,
}

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Something about the entry.
    About,
    /// Why somebody is asked, or what is in the way.
    Warning,
    /// Where a hunk is.
    Heading,
    Context,
    Added,
    Removed,
}

impl Amount {
    /// With that of another diff.
    fn and(self, diff: &FileDiff) -> Self {
        if matches!(diff.body, Body::Binary { .. }) {
            return Self::Binary;
        }
        let (more, less) = diff.counts();
        match self {
            Self::Unsaid => Self::Lines { added: more, removed: less },
            Self::Lines { added, removed } => Self::Lines { added: added + more, removed: removed + less },
            Self::Binary => Self::Binary,
        }
    }
}

impl View {
    /// A few words.
    pub(super) fn say(&mut self, kind: Kind, text: impl AsRef<str>) {
        self.lines.push(Line { kind, text: fit(text.as_ref().as_bytes()) });
    }

    /// The diffs of a file, which can be taken over in parts if there is one that changes lines.
    pub(super) fn add(&mut self, diffs: Vec<FileDiff>) {
        let is_one = diffs.len() == 1;
        for diff in diffs {
            self.amount = self.amount.and(&diff);
            self.add_header(&diff);
            let has_both = diff.old.is_some() && diff.new.is_some();
            if let Body::Text(hunks) = diff.body {
                hunks.iter().for_each(|hunk| self.add_hunk(hunk));
                if is_one && has_both {
                    self.parts = hunks;
                }
            }
        }
    }

    /// The hunk that a line is in, or the last one above it.
    pub(super) fn hunk_at(&self, line: usize) -> Option<usize> {
        self.hunks.partition_point(|hunk| hunk.start <= line).checked_sub(1)
    }

    fn add_header(&mut self, diff: &FileDiff) {
        match &diff.body {
            Body::Binary { old, new } => {
                for (word, blob) in [("was", old), ("is", new)] {
                    if let Some(blob) = blob {
                        self.say(Kind::About, format!("{word} {} bytes, not shown, of this sha256:", blob.bytes));
                        self.say(Kind::About, format!("  {}", blob.digest));
                    }
                }
            }
            Body::Same => self.say(Kind::About, "what it contains stays the same"),
            Body::Text(hunks) if hunks.is_empty() => self.say(Kind::About, "it is empty"),
            Body::Text(_) => {}
        }
        let is_link = [&diff.old, &diff.new].into_iter().flatten().any(|side| side.is_link);
        if is_link {
            self.say(Kind::About, "a symbolic link, with where it leads:");
        }
        if let (Some(old), Some(new)) = (&diff.old, &diff.new)
            && old.mode != new.mode
            && !is_link
        {
            self.say(Kind::About, format!("permissions {:o}, which were {:o}", new.mode, old.mode));
        }
    }

    fn add_hunk(&mut self, hunk: &Hunk) {
        let start = self.lines.len();
        self.say(Kind::Heading, hunk.heading());
        for line in &hunk.lines {
            let (kind, sign) = match line.kind {
                LineKind::Context => (Kind::Context, ' '),
                LineKind::Added => (Kind::Added, '+'),
                LineKind::Removed => (Kind::Removed, '-'),
            };
            let text = line.text.strip_suffix(b"\n");
            self.lines.push(Line { kind, text: format!("{sign}{}", fit(text.unwrap_or(&line.text))) });
            if text.is_none() {
                self.say(Kind::About, "\\ no line break at the end of the file");
            }
        }
        self.hunks.push(start..self.lines.len());
    }
}

/// Text of strangers as it can be shown: tabs as spaces, and no character that deceives.
fn fit(text: &[u8]) -> String {
    let (text, ending) = text.strip_suffix(b"\r").map_or((text, ""), |text| (text, "\u{240d}"));
    let text = String::from_utf8_lossy(text);
    let mut fitting = String::with_capacity(text.len());
    for part in text.split_inclusive('\t') {
        let (text, has_tab) = part.strip_suffix('\t').map_or((part, false), |text| (text, true));
        fitting.push_str(&plain(text));
        if has_tab {
            // Every part begins where a tab can end.
            let width = text.chars().count() % TAB;
            fitting.extend(std::iter::repeat_n(' ', TAB - width));
        }
    }
    fitting + ending
}

#[cfg(test)]
mod tests {
    use pinfold_stage::{Blob, Digest, Side, hunks};

    use super::*;

    fn view(old: &[u8], new: &[u8]) -> View {
        let side = Some(Side { path: "x".into(), mode: 0o644, is_link: false });
        let mut view = View::default();
        view.add(vec![FileDiff { old: side.clone(), new: side, body: Body::Text(hunks(old, new)) }]);
        view
    }

    #[test]
    fn every_line_is_there_and_none_deceives() {
        let view = view(b"a\tb\n", b"\tc\r\n\xff\x1b[2J\nend");
        let lines: Vec<&str> = view.lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(
            lines,
            [
                "@@ -1 +1,3 @@",
                "-a       b",
                "+        c\u{240d}",
                "+\u{fffd}\u{fffd}[2J",
                "+end",
                "\\ no line break at the end of the file",
            ]
        );
        assert_eq!(view.amount, Amount::Lines { added: 3, removed: 1 });
        assert_eq!((view.hunk_at(3), view.hunks.len(), view.parts.len()), (Some(0), 1, 1));
    }

    #[test]
    fn what_is_no_text_has_its_size_and_digest() {
        let side = Some(Side { path: "x".into(), mode: 0o644, is_link: false });
        let blob = |bytes: &[u8]| Some(Blob { bytes: bytes.len() as u64, digest: Digest::of(bytes) });
        let body = Body::Binary { old: blob(b"\0"), new: blob(b"\0\x01") };
        let mut view = View::default();
        view.add(vec![FileDiff { old: side.clone(), new: side, body }]);
        assert_eq!((view.amount, view.parts.len()), (Amount::Binary, 0));
        let text: String = view.lines.into_iter().map(|line| line.text + "\n").collect();
        assert!(text.contains("was 1 bytes") && text.contains("is 2 bytes"), "{text}");
        assert!(text.contains(&Digest::of(b"\0\x01").to_string()), "{text}");
    }
}
