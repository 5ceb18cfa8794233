//! What is done with stages: what waits beside a workspace is taken over, taken back, thrown away or gone on from; and that a run
//! is undone which needed none.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Text;

/// How many of a list are written by name.
const LISTED_MAX: usize = 100;
/// How long they are together, in bytes.
const LISTED_BYTES_MAX: usize = 8 << 10;

/// The stage that a run writes to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Staged {
    /// Its name.
    pub name: String,
    /// The layer that takes what is written.
    pub layer: String,
    /// The stage that it was forked from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forked_from: Option<String>,
}

/// What is done with a stage. It is written before that is done: how it came out is told by the session's end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Stage {
    /// What is done.
    pub act: Act,
    /// The stage's name; of [`Act::UndoRun`] the run.
    pub stage: String,
    /// The run that wrote to it last; of what is taken back the session that took it over, and of what is recovered the one
    /// that was broken off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// The name of the snapshot or of the second stage, or the place that stages came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<Text>,
    /// The paths that it is about.
    #[serde(default, skip_serializing_if = "Listed::is_empty")]
    pub paths: Listed,
    /// Those of them that would execute outside, to which somebody said yes.
    #[serde(default, skip_serializing_if = "Listed::is_empty")]
    pub traps: Listed,
    /// Those for which nothing was done, because the workspace had changed.
    #[serde(default, skip_serializing_if = "Listed::is_empty")]
    pub conflicts: Listed,
    /// The digest that was reviewed, or that what is taken over was shown before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed: Option<String>,
    /// How it came out where somebody else had begun it, and why something goes by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Stage {
    /// Something is done with a stage.
    pub fn new(act: Act, stage: &str) -> Self {
        Self {
            act,
            stage: stage.to_owned(),
            run: None,
            other: None,
            paths: Listed::default(),
            traps: Listed::default(),
            conflicts: Listed::default(),
            reviewed: None,
            why: None,
        }
    }

    /// What is done, in a sentence.
    pub fn sentence(&self) -> String {
        let Self { act, stage, run, other, paths, traps, conflicts, reviewed, why } = self;
        let many = |list: &Listed, what: &str| (list.count > 0).then(|| format!("{} {what}", list.count));
        let other = other.as_ref().map(|other| format!("{} {other}", act.relates()));
        let run = run.as_ref().map(|run| {
            let by = match act {
                Act::Recover => "broken off in",
                Act::Undo => "taken over in",
                _ => "written by",
            };
            format!("{by} {run}")
        });
        let reviewed = reviewed.as_ref().map(|digest| format!("reviewed: {digest}"));
        let more = [
            other,
            many(paths, if paths.count == 1 { "path" } else { "paths" }),
            many(traps, "of them would execute outside, with a yes"),
            many(conflicts, "in the way"),
            reviewed,
            run,
            why.clone(),
        ];
        let more: Vec<String> = more.into_iter().flatten().collect();
        if more.is_empty() { stage.clone() } else { format!("{stage}: {}", more.join(", ")) }
    }
}

/// What is done with a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// What waits in it is taken over.
    Apply,
    /// What was taken over is taken back.
    Undo,
    /// What a run has changed in the workspace itself is as it was before.
    UndoRun,
    /// It is thrown away.
    Discard,
    /// It goes by itself, after a time.
    Prune,
    /// A second one goes on from it.
    Fork,
    /// How it is now is remembered.
    Snapshot,
    /// It becomes as it was at a snapshot.
    Restore,
    /// It comes from a workspace that was moved.
    Move,
    /// What was broken off while something was taken over or back is finished or turned back.
    Recover,
}

impl Act {
    /// What is done, in a word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Undo => "undo",
            Self::UndoRun => "undo-run",
            Self::Discard => "discard",
            Self::Prune => "prune",
            Self::Fork => "fork",
            Self::Snapshot => "snapshot",
            Self::Restore => "restore",
            Self::Move => "move",
            Self::Recover => "recover",
        }
    }

    /// How the stage and the other name belong together.
    fn relates(self) -> &'static str {
        match self {
            Self::Fork => "goes on as",
            Self::Move => "from",
            _ => "at",
        }
    }
}

/// A list, of which so much is written as there is room for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Listed {
    /// The first of them.
    pub first: Vec<Text>,
    /// How many there are.
    pub count: u64,
    /// SHA-256 of all of them, each with a zero byte behind it, in hexadecimal.
    pub sha256: String,
}

impl Listed {
    /// A list of paths or names, as bytes.
    pub fn of<'a>(all: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let (mut listed, mut digest, mut bytes) = (Self::default(), Sha256::new(), 0);
        for item in all {
            listed.count += 1;
            digest.update(item);
            digest.update([0]);
            bytes += item.len();
            if listed.first.len() < LISTED_MAX && bytes <= LISTED_BYTES_MAX {
                listed.first.push(Text::from_bytes(item));
            }
        }
        if listed.count > 0 {
            listed.sha256 = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        }
        listed
    }

    fn is_empty(&self) -> bool {
        self.count == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_list_the_first_and_the_digest_of_all_are_written() {
        let names: Vec<String> = (0..1000).map(|number| format!("file {number}")).collect();
        let listed = Listed::of(names.iter().map(|name| name.as_bytes()));
        assert_eq!((listed.first.len(), listed.count), (LISTED_MAX, 1000));
        let fewer = Listed::of(names.iter().take(999).map(|name| name.as_bytes()));
        assert_ne!(listed.sha256, fewer.sha256);
        let long = [0xff_u8; 4095];
        assert_eq!(Listed::of([&long[..]; 5]).first.len(), 2);
        assert_eq!(Listed::of([]), Listed::default());
    }
}
