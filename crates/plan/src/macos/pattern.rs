//! Names that may appear, as the regular expressions of Seatbelt: with `^ $ . * + ? | ( ) [ ]`, and no more is used.
//!
//! Seatbelt compares the path that the kernel tells: of what exists in the spelling on disk, of what is about to be made in
//! the caller's. Expressions are compared letter by letter, so each letter stands here in both cases. Beyond ASCII a file
//! system takes more spellings for the same name than can be listed (also composed and decomposed ones): in a denial such a
//! character fits any text without a slash, in an exception only itself.

use serde::{Deserialize, Serialize};

/// A regular expression over a whole path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pattern(pub String);

/// Whether a pattern takes something away or gives it back, and so to which side it may err.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Denial,
    Exception,
}

/// All below a directory as well.
pub(super) const AND_BELOW: &str = "(/.*)?";

/// The text itself, whatever its case.
pub(super) fn spelled(text: &str, purpose: Purpose) -> String {
    text.chars().map(|letter| letter_spelled(letter, purpose)).collect()
}

/// The text itself, as it is on disk.
pub(super) fn exactly(text: &str) -> String {
    text.chars().map(escaped).collect()
}

fn letter_spelled(letter: char, purpose: Purpose) -> String {
    match letter {
        _ if letter.is_ascii_alphabetic() => {
            format!("[{}{}]", letter.to_ascii_lowercase(), letter.to_ascii_uppercase())
        }
        _ if !letter.is_ascii() && purpose == Purpose::Denial => "[^/]+".to_owned(),
        _ => escaped(letter),
    }
}

/// A character that means itself. Brackets need no backslash, which a string would have to double.
fn escaped(letter: char) -> String {
    match letter {
        '.' | '*' | '+' | '?' | '|' | '(' | ')' | '{' | '}' | '$' => format!("[{letter}]"),
        '^' | '[' | ']' | '\\' => format!("\\{letter}"),
        _ => letter.to_string(),
    }
}

/// Names of one part that are none of these words: what a submodule's name may go on with.
pub(super) fn none_of(words: &[&str]) -> String {
    let mut firsts: Vec<char> = words.iter().filter_map(|word| word.chars().next()).collect();
    firsts.sort_unstable();
    firsts.dedup();
    let mut both: Vec<char> =
        firsts.iter().flat_map(|first| [first.to_ascii_lowercase(), first.to_ascii_uppercase()]).collect();
    // A hyphen means itself at the end of a class, and nobody shall wonder about it twice.
    both.sort_by_key(|letter| (*letter == '-', *letter));
    both.dedup();
    let both: String = both.into_iter().collect();
    let mut ways = vec![if firsts.is_empty() { "[^/]+".to_owned() } else { format!("[^/{both}][^/]*") }];
    for first in firsts {
        let rests: Vec<&str> = words.iter().filter_map(|word| word.strip_prefix(first)).collect();
        let longer = none_of(&rests);
        let letter = letter_spelled(first, Purpose::Denial);
        // A beginning of a word is none itself, unless it is a word as well.
        let optional = if rests.contains(&"") { "" } else { "?" };
        ways.push(format!("{letter}({longer}){optional}"));
    }
    ways.join("|")
}

/// A glob of the policy from the root, without the slash it begins with. `**` between slashes is any number of directories;
/// `*`, `?` and classes stay in one part as `globset` has it, of which a negated class alone goes beyond.
pub(super) fn glob(glob: &str, purpose: Purpose) -> String {
    let mut reader = Reader { rest: glob.trim_start_matches('/'), purpose, at_start: true };
    reader.read(0)
}

struct Reader<'a> {
    rest: &'a str,
    purpose: Purpose,
    at_start: bool,
}

impl Reader<'_> {
    fn take(&mut self, prefix: &str) -> bool {
        let rest = self.rest.strip_prefix(prefix);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Up to the end, or to the end of an alternative at a depth of braces.
    fn read(&mut self, depth: usize) -> String {
        let mut regex = String::new();
        while let Some(letter) = self.rest.chars().next() {
            if depth > 0 && matches!(letter, ',' | '}') {
                break;
            }
            let part_begins = self.at_start || regex.ends_with('/');
            self.at_start = false;
            if part_begins && self.take("**/") {
                // Several in a row are one.
                while self.take("**/") {}
                regex.push_str("(.*/)?");
                self.at_start = true;
            } else if part_begins && self.at_two_stars_before_the_end(depth) {
                self.take("**");
                regex.push_str(".*");
            } else if self.take("*") {
                while self.take("*") {}
                regex.push_str("[^/]*");
            } else if self.take("?") {
                regex.push_str("[^/]");
            } else if self.take("{") {
                regex.push_str(&self.alternatives(depth));
            } else if let Some(class) = self.class() {
                regex.push_str(&class);
            } else {
                let escaped = self.take("\\");
                let letter = if escaped { self.rest.chars().next() } else { Some(letter) };
                let Some(letter) = letter else { break };
                self.rest = &self.rest[letter.len_utf8()..];
                regex.push_str(&letter_spelled(letter, self.purpose));
            }
        }
        regex
    }

    fn at_two_stars_before_the_end(&self, depth: usize) -> bool {
        self.rest.strip_prefix("**").is_some_and(|rest| rest.is_empty() || depth > 0 && rest.starts_with([',', '}']))
    }

    fn alternatives(&mut self, depth: usize) -> String {
        let mut ways = vec![self.read(depth + 1)];
        while self.take(",") {
            ways.push(self.read(depth + 1));
        }
        self.take("}");
        let optional = if ways.iter().any(String::is_empty) { "?" } else { "" };
        ways.retain(|way| !way.is_empty());
        if ways.is_empty() { String::new() } else { format!("({}){optional}", ways.join("|")) }
    }

    /// `[abc]`, `[a-c]`, `[!a]`; a bracket right at the start is one of its members.
    fn class(&mut self) -> Option<String> {
        let inside = self.rest.strip_prefix('[')?;
        let negated = inside.starts_with(['!', '^']);
        let members = &inside[usize::from(negated)..];
        let first = members.chars().next()?;
        let end = first.len_utf8() + members[first.len_utf8()..].find(']')?;
        self.rest = &members[end + 1..];
        Some(class(&members[..end], negated, self.purpose))
    }
}

/// A class in which each letter has both cases.
fn class(members: &str, negated: bool, purpose: Purpose) -> String {
    let letters: Vec<char> = members.chars().collect();
    let mut ranges: Vec<(char, char)> = Vec::new();
    let mut at = 0;
    while let Some(&first) = letters.get(at) {
        let last = (letters.get(at + 1) == Some(&'-')).then(|| letters.get(at + 2).copied()).flatten();
        at += if last.is_some() { 3 } else { 1 };
        ranges.push((first, last.unwrap_or(first)));
    }
    let wide = ranges.iter().any(|(_, last)| !last.is_ascii());
    // What takes away may take more, what gives back must not.
    match (wide, negated, purpose) {
        (true, false, Purpose::Denial) => return "[^/]+".to_owned(),
        (true, true, Purpose::Denial) => return "(.|[^/]+)".to_owned(),
        _ => {}
    }
    let fits = |byte: u8| {
        let cases = [byte.to_ascii_lowercase(), byte.to_ascii_uppercase()].map(char::from);
        ranges.iter().any(|(first, last)| cases.iter().any(|case| (first..=last).contains(&case)))
    };
    let chosen: Vec<char> = (0x20..0x7f).filter(|byte| fits(*byte)).map(char::from).collect();
    let ways: Vec<String> = chosen.iter().map(|letter| escaped(*letter)).collect();
    if negated {
        // In a class only these mean something else, and each has a place where it does not.
        let plain: String = chosen.iter().filter(|letter| !"]^-".contains(**letter)).collect();
        let bracket = if chosen.contains(&']') { "]" } else { "" };
        let others: String = "^-".chars().filter(|letter| chosen.contains(letter)).collect();
        return format!("[^{bracket}{plain}{others}]");
    }
    if ways.len() == 1 { ways.concat() } else { format!("({})", ways.join("|")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regex(text: &str) -> regex::Regex {
        regex::Regex::new(&format!("(?s)^(?:{text})$")).expect(text)
    }

    #[test]
    fn globs_fit_what_they_fit_in_a_policy() {
        for (pattern, fits, others) in [
            ("**/.env", &["/.env", "/a/.env", "/a/b/.ENV"][..], &["/a.env", "/.envx", "/.env/x", "/xenv"][..]),
            ("**/*.key", &["/a.key", "/a/.Key"], &["/a.key/b", "/akey"]),
            ("/srv/**/c", &["/srv/c", "/srv/a/b/c", "/SRV/C"], &["/srvc", "/srv/ac", "/a/srv/c"]),
            ("/srv/**", &["/srv/a", "/srv/a/b"], &["/srv", "/srva"]),
            ("/a/{b,c*}.{x,}", &["/a/b.x", "/a/cc.", "/a/C.X"], &["/a/d.x", "/a/b.y", "/a/c/.x"]),
            ("/a/[b-d]?", &["/a/bx", "/a/Dx"], &["/a/ex", "/a/b", "/a/b/"]),
            ("/a/[!b]", &["/a/c", "/a/]"], &["/a/b", "/a/B", "/a/cc"]),
            ("/a/[*][]]", &["/a/*]"], &["/a/x]", "/a/*"]),
            ("/a/\\*(+$^|", &["/a/*(+$^|"], &["/a/x(+$^|", "/a/*"]),
            ("**/**/x", &["/x", "/a/b/x"], &["/ax"]),
            ("/a/b**c", &["/a/bc", "/a/bxxc"], &["/a/b/c"]),
            ("/a/[^]^-]", &["/a/x"], &["/a/]", "/a/^", "/a/-"]),
        ] {
            let regex = regex(&format!("/{}", glob(pattern, Purpose::Denial)));
            fits.iter().for_each(|path| assert!(regex.is_match(path), "{pattern} {path} {regex}"));
            others.iter().for_each(|path| assert!(!regex.is_match(path), "{pattern} {path} {regex}"));
        }
    }

    #[test]
    fn beyond_ascii_a_denial_fits_more_and_an_exception_less() {
        let denial = regex(&glob("é[é]", Purpose::Denial));
        assert!(denial.is_match("éé") && denial.is_match("ÉÉ") && denial.is_match("e\u{301}e\u{301}"));
        let exception = regex(&glob("é", Purpose::Exception));
        assert!(exception.is_match("é") && !exception.is_match("É"));
    }

    #[test]
    fn none_of_some_words_is_every_other_name() {
        let words = ["objects", "refs", "rr-cache", "lfs", "logs", "log"];
        let regex = regex(&none_of(&words));
        words.iter().for_each(|word| assert!(!regex.is_match(word), "{word}"));
        assert!(!regex.is_match("OBJECTS") && !regex.is_match("") && !regex.is_match("a/b"));
        for name in
            ["object", "objectss", "o", "ref", "refsx", "l", "lo", "logsx", "x", "logg", "rr", "rr-", "rr.cache", "rrx"]
        {
            assert!(regex.is_match(name), "{name}");
        }
    }
}
