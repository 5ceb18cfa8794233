//! The reader: line by line, a value in quotes over several.

use crate::line::{BLANKS, Head, may_lack_a_value};
use crate::{FILE_BYTES_MAX, MASKED_BYTES_MAX, Unmaskable, comment, placeholder};

/// The file with a placeholder for each value.
///
/// Lines, keys and comments stay, an empty value stays empty. An assignment in a comment counts as one.
///
/// # Errors
/// When it is not a dotenv file that every reader reads alike, or too large.
pub fn mask(file: &[u8]) -> Result<String, Unmaskable> {
    mask_with(file, &|_| None)
}

/// As [`mask`]; `known` may give another placeholder for a value, as it is written between its quotes.
///
/// # Errors
/// As [`mask`].
pub fn mask_with(file: &[u8], known: &dyn Fn(&str) -> Option<String>) -> Result<String, Unmaskable> {
    if file.len() > FILE_BYTES_MAX {
        return Err(Unmaskable::TooLarge);
    }
    let text = std::str::from_utf8(file).map_err(|_| Unmaskable::NotText)?;
    let (mark, text) = text.split_at(if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 });
    let mut reader = Reader { rest: text, line: 1, masked: mark.to_owned(), has_values: false, empty: None, known };
    while !reader.rest.is_empty() {
        reader.next_line().map_err(|why| Unmaskable::Line { line: reader.line, why })?;
        if reader.masked.len() > MASKED_BYTES_MAX {
            return Err(Unmaskable::TooLarge);
        }
    }
    match reader.empty.filter(|_| !reader.has_values) {
        Some(line) => Err(Unmaskable::Line { line, why: PADDED }),
        None => Ok(reader.masked),
    }
}

/// Base64 and base32 end with `=`, and then look like a key without a value.
const PADDED: &str = "may be a secret that ends with `=`";

/// How far the file has been read, and what has been written.
struct Reader<'a> {
    rest: &'a str,
    line: usize,
    masked: String,
    /// Is there a key with a value? In a file without one, what looks like a key may be all there is to hide.
    has_values: bool,
    /// The first line with nothing behind its `=`.
    empty: Option<usize>,
    /// The placeholders of values that have one already.
    known: &'a dyn Fn(&str) -> Option<String>,
}

impl<'a> Reader<'a> {
    fn next_line(&mut self) -> Result<(), &'static str> {
        let line = first_line(self.rest);
        let content = line.trim_start_matches(BLANKS);
        if content.is_empty() {
            self.keep(line.len());
        } else if content.starts_with('#') {
            self.keep(line.len() - content.len());
            self.comment(content)?;
        } else {
            let head = Head::of(line).ok_or("neither assigns a value to a key nor is a comment")?;
            self.keep(head.text.len());
            self.value(head.key)?;
        }
        self.line_break()
    }

    fn value(&mut self, key: &str) -> Result<(), &'static str> {
        match self.rest.chars().next() {
            Some(quote @ ('"' | '\'' | '`')) => self.quoted(key, quote),
            _ => self.bare(key),
        }
    }

    /// Without quotes the rest of the line is the value: whether a `#` in it begins a comment, readers disagree.
    fn bare(&mut self, key: &str) -> Result<(), &'static str> {
        let line = first_line(self.rest);
        match line.trim_end_matches(BLANKS) {
            "" if may_lack_a_value(key) => self.empty = self.empty.or(Some(self.line)),
            value if value.is_empty() || value.starts_with('=') => return Err(PADDED),
            value if value.ends_with('\\') => return Err("goes on in the next one without quotes"),
            value => self.stand_in(key, value),
        }
        self.skip(line.len());
        Ok(())
    }

    fn quoted(&mut self, key: &str, quote: char) -> Result<(), &'static str> {
        let end = closing(&self.rest[1..], quote)?;
        let value = &self.rest[1..1 + end];
        self.keep(1);
        if !value.is_empty() {
            self.stand_in(key, value);
        }
        for line in value.split_inclusive('\n').filter(|line| line.ends_with('\n')) {
            self.masked.push_str(if line.ends_with("\r\n") { "\r\n" } else { "\n" });
            self.line += 1;
        }
        self.skip(value.len());
        self.keep(1);
        self.behind_quotes()
    }

    /// What may follow a value in quotes: nothing, or a comment.
    fn behind_quotes(&mut self) -> Result<(), &'static str> {
        let rest = first_line(self.rest);
        let content = rest.trim_start_matches(BLANKS);
        match content.is_empty() || content.len() < rest.len() && content.starts_with('#') {
            true => {
                self.keep(rest.len() - content.len());
                self.comment(content)
            }
            false => Err("has something behind its quotes"),
        }
    }

    fn comment(&mut self, comment: &str) -> Result<(), &'static str> {
        self.masked.push_str(&comment::masked(comment)?);
        self.skip(comment.len());
        Ok(())
    }

    fn line_break(&mut self) -> Result<(), &'static str> {
        let length = match self.rest {
            "" => 0,
            rest if rest.starts_with('\n') => 1,
            rest if rest.starts_with("\r\n") => 2,
            // Some readers take it for a line break, so that what looks like a comment may hold a value.
            _ => return Err("has a control character in it"),
        };
        self.keep(length);
        self.line += 1;
        Ok(())
    }

    fn stand_in(&mut self, key: &str, value: &str) {
        self.masked.push_str(&(self.known)(value).unwrap_or_else(|| placeholder(key)));
        self.has_values = true;
    }

    fn keep(&mut self, bytes: usize) {
        let (kept, rest) = self.rest.split_at(bytes);
        self.masked.push_str(kept);
        self.rest = rest;
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
    }
}

/// The text up to a line break or another control character.
fn first_line(text: &str) -> &str {
    let ends = |letter: char| letter.is_control() && letter != '\t';
    &text[..text.find(ends).unwrap_or(text.len())]
}

/// Where the quotes are closed.
fn closing(text: &str, quote: char) -> Result<usize, &'static str> {
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '\\' if quote == '"' => drop(letters.next()),
            '\\' if text[at + 1..].starts_with(quote) => return Err("has a backslash before its closing quote"),
            '\0' => return Err("has a control character in it"),
            _ if letter == quote => return Ok(at),
            _ => {}
        }
    }
    Err("begins with a quote that is never closed")
}
