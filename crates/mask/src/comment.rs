//! Comments, which stay: but for the value of an assignment that somebody has put into one.

use crate::line::{BLANKS, is_of_key};
use crate::placeholder;

/// The comment (with its `#`, without a line break), or why it cannot be masked.
pub(crate) fn masked(comment: &str) -> Result<String, &'static str> {
    let assigns = |(at, _): &(usize, &str)| comment[..*at].trim_end_matches(BLANKS).ends_with(is_of_key);
    let Some((at, _)) = comment.match_indices('=').find(assigns) else { return Ok(comment.to_owned()) };
    let named = comment[..at].trim_end_matches(BLANKS);
    let key = &named[named.trim_end_matches(is_of_key).len()..];
    let value = comment[at + 1..].trim_start_matches(BLANKS);
    // A line of `=` is an ornament.
    if value.chars().all(|letter| letter == '=' || BLANKS.contains(&letter)) {
        return Ok(comment.to_owned());
    }
    if let Some(quote @ ('"' | '\'' | '`')) = value.chars().next()
        && !value[1..].contains(quote)
    {
        return Err("is a comment with a value whose quotes are not closed in it");
    }
    Ok(format!("{}{}", &comment[..comment.len() - value.len()], placeholder(key)))
}
