//! Paths of HTTP requests: how a rule names them, and when one fits.

use serde::{Deserialize, Serialize};

use crate::env::matches;
use crate::text::{Complaint, quoted};

/// A pattern for the path of a request: `*` is anything between two slashes, `**` any number of parts, also none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PathPattern(Box<str>);

impl PathPattern {
    pub(crate) fn parse(text: &str) -> Result<Self, Complaint> {
        let wrong = |what: &str| {
            Complaint::new(format!("{} {what}", quoted(text)), "write a path such as \"/repos/**\" or \"/v1/*/files\"")
        };
        let Some(path) = text.strip_prefix('/') else { return Err(wrong("is no path from the root")) };
        // A pattern is written without escapes.
        if parts(text).is_none() || path.contains(['?', '#', '%']) {
            return Err(wrong("can be read in two ways"));
        }
        if path.split('/').any(|part| part.contains("**") && part != "**") {
            return Err(wrong("has `**` beside other characters"));
        }
        Ok(Self(text.into()))
    }

    /// The pattern as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn fits(&self, path: &[Vec<u8>]) -> bool {
        let pattern: Vec<&str> = self.0[1..].split('/').collect();
        let (mut p, mut n) = (0, 0);
        // Where the latest `**` stands, and up to where it has taken the path. As in `env::matches`, one level up.
        let mut star: Option<(usize, usize)> = None;
        loop {
            match (pattern.get(p), path.get(n), star) {
                (Some(&"**"), _, _) => {
                    star = Some((p, n));
                    p += 1;
                }
                (Some(part), Some(name), _) if matches(part.as_bytes(), name) => (p, n) = (p + 1, n + 1),
                (None, None, _) => return true,
                (_, _, Some((at, taken))) if taken < path.len() => {
                    star = Some((at, taken + 1));
                    (p, n) = (at + 1, taken + 1);
                }
                _ => return false,
            }
        }
    }
}

/// The path of a request, decoded once. Servers read odd paths each in their own way, so those fit no rule that allows,
/// and every rule that denies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestPath(Option<Vec<Vec<u8>>>);

impl RequestPath {
    /// Reads the path of a request line, with or without its query.
    pub(crate) fn new(target: &str) -> Self {
        Self(parts(target.split(['?', '#']).next().unwrap_or_default()))
    }

    pub(crate) fn is_allowed_by(&self, patterns: &[PathPattern]) -> bool {
        self.0.as_ref().is_some_and(|path| patterns.iter().any(|pattern| pattern.fits(path)))
    }

    /// Without regard to case: many servers have none.
    pub(crate) fn is_denied_by(&self, patterns: &[PathPattern]) -> bool {
        let Some(path) = &self.0 else { return true };
        let path: Vec<Vec<u8>> = path.iter().map(|part| part.to_ascii_lowercase()).collect();
        patterns.iter().any(|pattern| PathPattern(pattern.0.to_ascii_lowercase().into()).fits(&path))
    }
}

/// The parts between the slashes, or nothing where a server may read other parts than these.
fn parts(path: &str) -> Option<Vec<Vec<u8>>> {
    let rest = path.strip_prefix('/')?;
    let count = rest.split('/').count();
    let read = |(at, part): (usize, &str)| {
        let part = decoded(part)?;
        let empty = part.is_empty() && at + 1 < count;
        let odd = |byte: &u8| byte.is_ascii_control() || b"/\\;%".contains(byte);
        (!empty && part != b"." && part != b".." && !part.iter().any(odd)).then_some(part)
    };
    rest.split('/').enumerate().map(read).collect()
}

fn decoded(part: &str) -> Option<Vec<u8>> {
    let mut bytes = part.bytes();
    let mut out = Vec::with_capacity(part.len());
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let mut digit = || char::from(bytes.next()?).to_digit(16);
        let (high, low) = (digit()?, digit()?);
        out.push(u8::try_from(high << 4 | low).ok()?);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> PathPattern {
        PathPattern::parse(text).unwrap_or_else(|complaint| panic!("{}", complaint.message))
    }

    fn allowed(text: &str, path: &str) -> bool {
        RequestPath::new(path).is_allowed_by(&[pattern(text)])
    }

    fn denied(text: &str, path: &str) -> bool {
        RequestPath::new(path).is_denied_by(&[pattern(text)])
    }

    #[test]
    fn stars_stay_between_slashes_and_two_cross_them() {
        for (text, path, expected) in [
            ("/repos/**", "/repos/a/b", true),
            ("/repos/**", "/repos", true),
            ("/repos/**", "/repos/", true),
            ("/repos/**", "/repository", false),
            ("/repos/*", "/repos/a/b", false),
            ("/repos/*/x", "/repos/a/x", true),
            ("/a/**/z", "/a/z", true),
            ("/a/**/z", "/a/b/c/z", true),
            ("/a/**/z", "/a/b/c", false),
            ("/**/b/*/d/**", "/a/b/b/c/d", true),
            ("/v1/*", "/v1/a?path=/../x", true),
            ("/v1/*", "/v1/%61", true),
            ("/v1/a", "/v1/%61", true),
            ("/", "/", true),
            ("/**", "/", true),
            ("/a*", "/ab", true),
        ] {
            assert_eq!(allowed(text, path), expected, "{text} {path}");
        }
    }

    #[test]
    fn a_path_that_servers_read_in_two_ways_fits_no_allowing_and_every_denying_rule() {
        for path in [
            "/repos/../admin",
            "/repos/./x",
            "/repos/%2e%2e/admin",
            "/repos/.%2E/x",
            "/repos/..%2fadmin",
            "//repos/x",
            "/repos//x",
            "/repos\\..\\admin",
            "/repos/%5c",
            "/repos/..;/admin",
            "/repos/%252e%252e/x",
            "/repos/%00",
            "/repos/%",
            "/repos/%zz",
            "",
            "repos/x",
            "*",
            "http://other.example/repos/x",
            "/repos/\n",
        ] {
            assert!(!allowed("/**", path), "{path:?}");
            assert!(denied("/nothing", path), "{path:?}");
        }
        assert!(denied("/admin/**", "/ADMIN/x") && !denied("/admin/**", "/repos/x"));
    }

    #[test]
    fn a_pattern_is_a_path_from_the_root() {
        for text in ["", "repos", "/a/../b", "/a//b", "/a/**b", "/a?b", "/a%20b", "/a\\b"] {
            assert!(PathPattern::parse(text).is_err(), "{text}");
        }
    }
}
