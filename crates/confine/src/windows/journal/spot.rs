//! Which list a line of the journal is about.

use serde::{Deserialize, Serialize};

use crate::windows::FileId;

/// That of what is at a path, or that of a file which was there and has been moved away, so that something else could take
/// its place. As text the second is `PATH|FILE`, which no path of Windows looks like.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub(super) struct Spot {
    pub(super) path: String,
    /// What was moved away, where it is that.
    pub(super) moved: Option<FileId>,
}

impl Spot {
    /// What is at a path.
    pub(super) fn at(path: &str) -> Self {
        Self { path: path.to_owned(), moved: None }
    }

    /// What was there.
    pub(super) fn moved(path: &str, file: FileId) -> Self {
        Self { path: path.to_owned(), moved: Some(file) }
    }
}

impl From<Spot> for String {
    fn from(Spot { path, moved }: Spot) -> Self {
        match moved {
            Some(file) => format!("{path}|{file}"),
            None => path,
        }
    }
}

impl From<String> for Spot {
    fn from(text: String) -> Self {
        let moved = text.rsplit_once('|').and_then(|(path, file)| Some(Self::moved(path, file.parse().ok()?)));
        moved.unwrap_or(Self { path: text, moved: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_and_what_was_are_told_apart_as_text_too() {
        let spots = [Spot::at(r"C:\work"), Spot::moved(r"C:\work", FileId { volume: 10, file: 255 })];
        let texts = spots.clone().map(String::from);
        assert_eq!(texts, [r"C:\work", r"C:\work|a-ff"]);
        assert_eq!(texts.map(Spot::from), spots);
        assert_eq!(Spot::from("a|b".to_owned()), Spot::at("a|b"));
    }
}
