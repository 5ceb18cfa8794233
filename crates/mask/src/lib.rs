//! A dotenv file with its keys, comments and lines, and a placeholder for each value; and the disguises in which a value
//! may turn up elsewhere.
//!
//! There is no standard for dotenv files, and their readers disagree. Only what they all read alike is masked; one line
//! that is anything else refuses the whole file, since what is no key to us may be a value to others. Nothing of a value
//! gets into the answer: neither its length nor, but for its line breaks, its form.
#![forbid(unsafe_code)]

mod comment;
mod disguise;
mod limits;
mod line;
mod reader;

pub use disguise::{percent, unescaped, within_base64};
pub use limits::{FILE_BYTES_MAX, KEY_BYTES_MAX, MASKED_BYTES_MAX};
pub use reader::{mask, mask_with};

/// What stands for the value of a key.
pub fn placeholder(key: &str) -> String {
    format!("pinfold-masked-{key}")
}

/// Why a file cannot be masked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unmaskable {
    /// The file, or the file with placeholders, is larger than is accepted.
    #[error("it is larger than {FILE_BYTES_MAX} bytes, or would be larger than {MASKED_BYTES_MAX} bytes masked")]
    TooLarge,
    /// The bytes are not text.
    #[error("it is not text in UTF-8")]
    NotText,
    /// A line is nothing that every reader of such files understands alike. It is not quoted: it may hold a value.
    #[error("line {line} {why}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it, as the rest of a sentence.
        why: &'static str,
    },
}
