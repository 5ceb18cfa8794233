//! Forms that only a credential has, as `formats.toml` lists them.

use std::ops::Range;
use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};

include!(concat!(env!("OUT_DIR"), "/formats.rs"));

/// The form of a credential.
pub(super) struct Format {
    /// Stands in its place.
    pub(super) id: &'static str,
    /// One of them stands in whatever the pattern matches.
    pub(super) keywords: &'static [&'static str],
    pattern: &'static str,
    #[cfg(test)]
    yes: &'static [&'static str],
    #[cfg(test)]
    no: &'static [&'static str],
    compiled: OnceLock<Option<Regex>>,
}

impl Format {
    /// Where the credentials of this form are: what a group of the pattern matched, or all of it.
    pub(super) fn secrets(&self, bytes: &[u8]) -> impl Iterator<Item = Range<usize>> {
        let all = self.regex().into_iter().flat_map(|regex| regex.captures_iter(bytes));
        all.filter_map(|captures| captures.iter().skip(1).flatten().next().or_else(|| captures.get(0)))
            .map(|secret| secret.range())
    }

    /// The pattern, compiled when it is wanted for the first time: most runs want none.
    fn regex(&self) -> Option<&Regex> {
        let compile = || RegexBuilder::new(self.pattern).unicode(false).build().ok();
        self.compiled.get_or_init(compile).as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::masked;
    use super::*;

    /// What a person reads as an example, as bytes are: without the dots, and with what is masked or without.
    fn example(text: &str) -> (String, String) {
        let text = text.replace('·', "");
        let mut shown = String::new();
        for part in text.split('«') {
            match part.split_once('»') {
                Some((_, after)) => shown += &format!("«»{after}"),
                None => shown += part,
            }
        }
        (text.replace(['«', '»'], ""), shown)
    }

    #[test]
    fn each_format_masks_its_examples_and_nothing_else() {
        let any = Regex::new(r"\[redacted:[a-z-]+\]").expect("a pattern");
        for format in &FORMATS {
            assert!(format.regex().is_some(), "the pattern of {} is wrong", format.id);
            for (text, expected) in format.yes.iter().map(|text| example(text)) {
                let shown = masked(&text);
                assert!(shown.contains(&format!("[redacted:{}]", format.id)), "{}: {shown}", format.id);
                let shown = any.replace_all(shown.as_bytes(), "«»".as_bytes()).into_owned();
                assert_eq!(String::from_utf8_lossy(&shown), expected, "{}", format.id);
            }
            for text in format.no {
                assert_eq!(masked(text), *text, "{}", format.id);
            }
        }
    }

    #[test]
    fn what_programs_print_all_day_is_left_alone() {
        let image = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
        let ordinary = [
            "commit da39a3ee5e6b4b0d3255bfef95601890afd80709".to_owned(),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned(),
            "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f"
                .to_owned(),
            "123e4567-e89b-12d3-a456-426614174000".to_owned(),
            "target/debug/deps/libserde-5f0b1c2d3e4f5a6b.rlib --extern serde=/x/libserde-5f0b1c2d3e4f5a6b.rmeta"
                .to_owned(),
            "checksum = \"b7c6f8a5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7\"".to_owned(),
            "sha512-9nZmbQ0q3GJ5mzFZxv3eJ1w6J0lHgK9e0FJw3h1Q6yqkKx5sYb8f0qH0k1c6QhO0t8m6mYw==".to_owned(),
            format!("data:image/png;base64,{image}"),
            image.repeat(50),
            "rustc --crate-name a --edition=2024 -C metadata=0123456789abcdef -C extra-filename=-0123456789abcdef"
                .to_owned(),
            "/nix/store/0c1zjmsn9vwgy5pl3xg5mnqzd9qy5v5r-glibc-2.39/lib/ld-linux-x86-64.so.2".to_owned(),
            "docker pull a@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855".to_owned(),
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0kq2vX3l0m4n5o6p7q8r9s0t1u2v3w4x5y6z7A8B9C ann@host".to_owned(),
            "git clone https://github.com/rust-lang/rust.git && cd rust && ./x.py build --stage 1".to_owned(),
            "PATH=/usr/bin:/bin HOME=/home/ann PWD=/home/ann/w LANG=C.UTF-8 cc -o x x.c".to_owned(),
        ];
        for text in ordinary {
            assert_eq!(masked(&text), text);
        }
    }

    #[test]
    fn bytes_that_look_like_nothing_are_left_alone() {
        use base64::Engine;
        use sha2::Digest;
        // The same bytes each time, as even as any.
        let digests = (0..8000_u32).flat_map(|number| sha2::Sha256::digest(number.to_le_bytes()));
        let bytes: Vec<u8> = digests.collect();
        for alphabet in [base64::prelude::BASE64_STANDARD, base64::prelude::BASE64_URL_SAFE] {
            let text = alphabet.encode(&bytes);
            assert_eq!(masked(&text), text);
        }
    }
}
