//! `{a,b}` in patterns, written out.

use crate::bounds::ALTERNATIVES_MAX;

/// The pattern with its `{a,b}` written out; nothing if that is too many or hard to tell.
pub(crate) fn alternatives(glob: &str) -> Option<Vec<String>> {
    if !glob.contains('{') {
        return Some(vec![glob.to_owned()]);
    }
    if glob.contains(['[', '\\']) || has_stars_inside(glob) {
        return None;
    }
    let mut done = Vec::new();
    let mut open = vec![glob.to_owned()];
    while let Some(glob) = open.pop() {
        match expand_innermost(&glob) {
            None => done.push(glob),
            Some(more) => open.extend(more),
        }
        if open.len() + done.len() > ALTERNATIVES_MAX {
            return None;
        }
    }
    Some(done)
}

/// Is there a `**` between the braces of a pattern without classes and backslashes? Written out, it would mean
/// something else.
fn has_stars_inside(glob: &str) -> bool {
    let mut depth = 0_usize;
    glob.as_bytes().windows(2).any(|pair| {
        match pair[0] {
            b'{' => depth += 1,
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > 0 && pair == b"**"
    })
}

fn expand_innermost(glob: &str) -> Option<Vec<String>> {
    let close = glob.find('}')?;
    let start = glob[..close].rfind('{')?;
    let (before, after) = (&glob[..start], &glob[close + 1..]);
    Some(glob[start + 1..close].split(',').map(|middle| format!("{before}{middle}{after}")).collect())
}
